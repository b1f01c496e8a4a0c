import { describe, expect, it } from 'vitest'
import { MemoryBackend } from '@arpeggio/backend-memory'
import { SqliteBackend } from '@arpeggio/backend-sqlite'
import { msgpackCodec } from '@arpeggio/codec-msgpack'
import { yamlCodec } from '@arpeggio/codec-yaml'
import { type Backend, decodeJson, encodeJson, Results } from '@arpeggio/core'
import { isUnreadable } from '../src/expected-errors.ts'
import { bytesOf, type Fixture, fixturesOf } from '../src/fixtures/fixture.ts'
import { recordings } from '../src/fixtures/recordings.ts'
import { expectations } from './expectations.ts'

const backends: readonly (readonly [name: string, open: () => Backend])[] = [
  ['memory', () => new MemoryBackend()],
  ['SQLite', () => new SqliteBackend({ path: ':memory:' })],
]

const fixtures = fixturesOf('redis')

const documents = fixtures.filter(({ name }) => name !== 'pickle' && name !== 'group')

describe.each(backends)('on %s', (_name, open) => {
  it.each(documents)('$name of Celery $celery is read as it was meant', async (fixture) => {
    await using results = await resultsWith(open(), fixture)
    const meta = await results.getTaskMeta(fixture.name)
    expect(meta).toMatchObject(expectations[fixture.name] ?? {})
  })

  it.each(fixtures.filter(({ name }) => name === 'group'))('a group of Celery $celery is restored', async (fixture) => {
    await using results = await resultsWith(open(), fixture)
    expect((await results.restoreGroup('group'))?.taskIds()).toEqual(['child', 'a', 'b'])
  })

  it.each(fixtures.filter(({ name }) => name === 'pickle'))(
    'a pickle of Celery $celery is refused',
    async (fixture) => {
      await using results = await resultsWith(open(), fixture)
      await expect(results.getTaskMeta('pickle')).rejects.toSatisfy(isUnreadable)
    },
  )
})

const isJson = ({ settings }: Fixture): boolean =>
  (settings.serializer ?? 'json') === 'json' && settings.compression === undefined

it.each(fixtures.filter(isJson))('$name of Celery $celery is written again byte for byte', ({ values }) => {
  for (const value of Object.values(values)) {
    const text = bytesOf(value).toString('utf8')
    expect(encodeJson(decodeJson(text, { mode: 'lossless' }), { exact: true })).toBe(text)
  }
})

it('there is a fixture of every kind', () => {
  const names = new Set(fixtures.map(({ name }) => name))
  expect(recordings.map(({ name }) => name).filter((name) => !names.has(name))).toEqual([])
})

async function resultsWith(backend: Backend, { settings, values }: Fixture): Promise<Results> {
  for (const [key, value] of Object.entries(values)) await backend.set({ key, value: bytesOf(value) })
  const { serializer = 'json', globalKeyprefix, resultExtended } = settings
  return new Results({
    backend,
    serializer: serializer === 'pickle' ? 'json' : serializer,
    codecs: [msgpackCodec, yamlCodec],
    globalKeyprefix,
    resultExtended,
  })
}
