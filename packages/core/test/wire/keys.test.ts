import { describe, expect, it } from 'vitest'
import { Keys } from '../../src/wire/keys.ts'

describe('Keys', () => {
  it("joins Celery's prefixes to ids", () => {
    const keys = new Keys()
    expect(keys.task('T')).toBe('celery-task-meta-T')
    expect(keys.group('G')).toBe('celery-taskset-meta-G')
    expect(keys.chord('G')).toBe('chord-unlock-G')
  })

  it.each([
    ['app', 'app_celery-task-meta-T'],
    ['app:', 'app:celery-task-meta-T'],
    ['app/', 'app/_celery-task-meta-T'],
    ['app.', 'app.celery-task-meta-T'],
    ['app-', 'app-celery-task-meta-T'],
    ['app_', 'app_celery-task-meta-T'],
    ['', 'celery-task-meta-T'],
  ])('puts the global prefix %j in front', (globalKeyprefix, expected) => {
    expect(new Keys({ globalKeyprefix }).task('T')).toBe(expected)
  })

  it('finds the id behind its own keys', () => {
    const keys = new Keys({ globalKeyprefix: 'app' })
    expect(keys.taskIdOf(keys.task('T'))).toBe('T')
    expect(keys.taskIdOf(keys.group('G'))).toBeUndefined()
    expect(keys.taskIdOf('celery-task-meta-T')).toBeUndefined()
    expect(keys.taskIdOf('app_celery-task-meta-')).toBeUndefined()
    expect(keys.stripPrefix(keys.task('T'))).toBe('T')
    expect(keys.stripPrefix(keys.group('G'))).toBe('G')
    expect(keys.stripPrefix(keys.chord('G'))).toBe(keys.chord('G'))
  })

  it.each(['', '\ud800', 'a\udc00b', 'nul\0', 7, null, undefined])('refuses the id %j', (id) => {
    expect(() => new Keys().task(id as string)).toThrow(TypeError)
    expect(() => new Keys().group(id as string)).toThrow(TypeError)
    expect(() => new Keys().chord(id as string)).toThrow(TypeError)
  })

  it('refuses a prefix that stores would garble', () => {
    expect(() => new Keys({ globalKeyprefix: '\ud800' })).toThrow(TypeError)
  })
})
