import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setImmediate as turn } from 'node:timers/promises'
import { BackendError } from '@arpeggio/core'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { SqliteBackend, type SqliteBackendOptions, sqliteAdapter } from '../src/index.ts'
import { keepCompiled } from './compile-cache.ts'

keepCompiled()

let folder: string
let path: string
const backends: SqliteBackend[] = []
const children: ChildProcess[] = []

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'arpeggio-sqlite-'))
  path = join(folder, 'results.db')
})

afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  for (const backend of backends.splice(0)) await backend[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

function open(options: Partial<SqliteBackendOptions> = {}): SqliteBackend {
  const backend = new SqliteBackend({ path, ...options })
  backends.push(backend)
  return backend
}

function start(...args: readonly string[]): ChildProcess {
  const child = fork(new URL('child-process.ts', import.meta.url), args, {
    execArgv: ['--conditions=@arpeggio/source', '--disable-warning=ExperimentalWarning'],
  })
  children.push(child)
  return child
}

async function codeOf(operation: Promise<unknown>): Promise<string> {
  const error: unknown = await operation.catch((reason: unknown) => reason)
  return BackendError.is(error) ? error.code : `no code: ${String(error)}`
}

describe('several processes on one file', () => {
  it('lets processes create the file at the same time and write into it together', async () => {
    const writers = ['a', 'b', 'c'].map((prefix) => start('write', path, prefix, '300'))
    const ends = writers.map((child) => once(child, 'exit'))
    const backend = open()
    const own = Array.from({ length: 300 }, (_, index) => `own${index}`)
    for (const key of own) await backend.set({ key, value: key })

    for (const end of ends) expect(await end).toEqual([0, null])
    const { keys } = await backend.scan.keys('', { limit: 2000 })
    expect(keys).toHaveLength(1200)
  })

  it('keeps every acknowledged write of a writer that is killed', async () => {
    for (const round of [1, 2, 3, 4, 5]) {
      const acknowledged: string[] = []
      const child = start('write', path, `round${round}-`, '1000000')
      await new Promise<void>((resolve) => {
        child.on('message', (key: string) => {
          if (acknowledged.push(key) === round * 150) resolve()
        })
      })
      child.kill('SIGKILL')
      await once(child, 'exit')

      const backend = open()
      for (let index = 0; index < acknowledged.length; index += 1000) {
        const keys = acknowledged.slice(index, index + 1000)
        const stored = await backend.mget(keys)
        expect(stored.map((each) => each?.value)).toEqual(keys.map((key) => key.repeat(50)))
      }
      expect(new DatabaseSync(path).prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' })
    }
  })

  it('keeps the event loop and reads going while another process holds the write lock', async () => {
    const backend = open()
    await backend.set({ key: 'before', value: 'x' })
    const child = start('hold', path)
    await once(child, 'message')

    let isWritten = false
    const write = backend.set({ key: 'during', value: 'x' }).then(() => (isWritten = true))
    let longestTurnMs = 0
    const end = performance.now() + 200
    for (let last = performance.now(); last < end;) {
      await turn()
      expect(await backend.get('before')).toBeDefined()
      const now = performance.now()
      longestTurnMs = Math.max(longestTurnMs, now - last)
      last = now
    }
    expect(isWritten).toBe(false)
    expect(longestTurnMs).toBeLessThan(1000) // SQLite's own handler would sleep for `busyTimeoutMs`

    child.send('let go')
    await write
    expect(await backend.get('during')).toBeDefined()
  })

  it('opens the file while another process holds the write lock', async () => {
    await open().set({ key: 'before', value: 'x' })
    const child = start('hold', path)
    await once(child, 'message')
    expect(await open({ busyTimeoutMs: 0 }).get('before')).toBeDefined()
  })

  it('is unavailable when the lock outlasts the time for it, and has not written', async () => {
    const backend = open({ busyTimeoutMs: 60 })
    await backend.set({ key: 'before', value: 'x' })
    const child = start('hold', path)
    await once(child, 'message')
    expect(await codeOf(backend.set({ key: 'during', value: 'x' }))).toBe('unavailable')

    child.send('let go')
    await once(child, 'exit')
    await backend.set({ key: 'after', value: 'x' })
    expect((await backend.scan.keys('')).keys).toEqual(['after', 'before'])
  })

  it('ends a write that waits for the lock when its signal aborts, and never applies it', async () => {
    const backend = open()
    await backend.set({ key: 'before', value: 'x' })
    const child = start('hold', path)
    await once(child, 'message')
    const controller = new AbortController()
    const write = backend.set({ key: 'during', value: 'x' }, { signal: controller.signal })
    await turn()
    controller.abort()
    expect(await codeOf(write)).toBe('aborted')

    child.send('let go')
    await backend.set({ key: 'after', value: 'x' })
    expect(await backend.get('during')).toBeUndefined()
  })

  it('finishes the writes that were begun before it closes', async () => {
    const first = open()
    const writes = ['a', 'b', 'c'].map((key) => first.set({ key, value: key }))
    await first.get('a')
    await first[Symbol.asyncDispose]()
    await Promise.all(writes)
    expect((await open().scan.keys('')).keys).toEqual(['a', 'b', 'c'])
  })
})

describe('what is stored', () => {
  it.each(['normal', 'full'] as const)('is there for the next handle with durability %s', async (durability) => {
    const backend = open({ durability })
    await backend.set({ key: 'a', value: 'x' })
    await backend[Symbol.asyncDispose]()
    expect((await open({ durability }).get('a'))?.value).toBe('x')
  })

  it('gives text back as text and bytes as bytes, also empty ones and those with zeros', async () => {
    const backend = open()
    const values = ['', 'ü😀', 'a\u0000b', new Uint8Array(), Uint8Array.of(0, 255, 0)]
    for (const [index, value] of values.entries()) await backend.set({ key: `${index}`, value })
    const stored = await backend.mget(values.map((_, index) => `${index}`))
    expect(stored.map((each) => each?.value)).toEqual(values)
  })

  it('takes the bytes that it was given, whatever becomes of them afterwards', async () => {
    const backend = open()
    const bytes = Uint8Array.of(1, 2, 3)
    const write = backend.set({ key: 'a', value: bytes })
    bytes.fill(0)
    await write
    expect((await backend.get('a'))?.value).toEqual(Uint8Array.of(1, 2, 3))
  })

  it('lists keys by prefix without treating any character as a pattern, page by page', async () => {
    const backend = open()
    const keys = ['A%', 'a%', 'a%1', 'a%\u{10FFFF}', 'a%ü', 'a_', 'ab', 'b']
    await backend.bulk.set(keys.map((key) => ({ key, value: 'x' })))
    const listed: string[] = []
    let cursor: string | undefined
    do {
      const page = await backend.scan.keys('a%', { limit: 2, ...(cursor === undefined ? {} : { cursor }) })
      listed.push(...page.keys)
      cursor = page.cursor
    } while (cursor !== undefined)
    expect(listed).toEqual(['a%', 'a%1', 'a%ü', 'a%\u{10FFFF}'])
  })

  it('removes more expired values than fit into one batch, and no others', async () => {
    let now = 1_000_000
    const backend = open({ clock: () => now })
    const writes = Array.from({ length: 1000 }, (_, index) => ({ key: `${index}`, value: 'x', expiresInSeconds: 10 }))
    await backend.bulk.set(writes)
    await backend.bulk.set([{ key: 'kept', value: 'x' }])
    now += 10_000
    expect(await backend.cleanup.run({ limit: 700 })).toBe(700)
    expect(await backend.cleanup.run({ limit: 700 })).toBe(300)
    expect(new DatabaseSync(path).prepare('SELECT key FROM arpeggio_results').all()).toEqual([{ key: 'kept' }])
  })

  it('changes its revision for the writes of other handles and for its own', async () => {
    const [first, second] = [open(), open()]
    const before = await first.revision.get()
    expect(await first.revision.get()).toBe(before)
    await second.set({ key: 'a', value: 'x' })
    const between = await first.revision.get()
    await first.delete(['a'])
    expect(new Set([before, between, await first.revision.get()])).toHaveProperty('size', 3)
  })
})

describe('configuration', () => {
  it('is misconfigured, naming the file, when that cannot be opened', async () => {
    const missing = join(folder, 'missing', 'results.db')
    await expect(open({ path: missing }).get('a')).rejects.toMatchObject({
      code: 'misconfigured',
      message: expect.stringContaining(missing),
    })
  })

  it('is misconfigured when the file is no database', async () => {
    await writeFile(path, 'This is not a database. '.repeat(100))
    expect(await codeOf(open().get('a'))).toBe('misconfigured')
  })

  it('is misconfigured when the file may not be written', async () => {
    await open().set({ key: 'a', value: 'x' })
    expect(await codeOf(open({ path: `file:${path}?mode=ro` }).set({ key: 'a', value: 'y' }))).toBe('misconfigured')
  })

  it('tries to open the file again after a failure', async () => {
    await writeFile(path, 'This is not a database. '.repeat(100))
    const backend = open()
    expect(await codeOf(backend.get('a'))).toBe('misconfigured')
    await rm(path)
    expect(await backend.get('a')).toBeUndefined()
  })

  it('opens from an address, and tells the same one', async () => {
    for (const url of [`sqlite://${path}`, 'sqlite://./50%25%3F.db?durability=full']) {
      const backend = await sqliteAdapter.open(url)
      expect(backend.asUri()).toBe(url)
    }
  })

  it('refuses addresses that it does not understand', async () => {
    for (const url of ['sqlite://', 'sqlite:relative.db', 'sqlite:///a.db?mode=ro', 'sqlite:///%']) {
      expect(await codeOf(sqliteAdapter.open(url))).toBe('misconfigured')
    }
  })
})
