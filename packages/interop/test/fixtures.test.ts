import { describe, expect, it } from 'vitest'
import { MemoryBackend } from '@arpeggio/backend-memory'
import { SqliteBackend } from '@arpeggio/backend-sqlite'
import { msgpackCodec } from '@arpeggio/codec-msgpack'
import { yamlCodec } from '@arpeggio/codec-yaml'
import { type Backend, decodeJson, encodeJson, PyDate, Results, TaskError, type TaskMeta } from '@arpeggio/core'
import { isUnreadable } from '../src/expected-errors.ts'
import { bytesOf, type Fixture, fixturesOf } from '../src/fixtures/fixture.ts'
import { recordings } from '../src/fixtures/recordings.ts'
import { plain, read } from '../src/values.ts'

/** What is read of the fixture of that name. Whatever has no entry must be read as some document. */
const EXPECTED: Readonly<Record<string, unknown>> = {
  ...Object.fromEntries(read.map(([name, result]) => [`success: ${name}`, { status: 'SUCCESS', result }])),
  'failure: ValueError': failure('ValueError', 'builtins', ['boom', 1]),
  'failure: no arguments': failure('KeyError', 'builtins', []),
  'failure: OSError': failure('FileNotFoundError', 'builtins', [2, 'no']),
  'failure: application': failure('PaymentError', 'shop', ['declined', 5]),
  'failure: nested class': { status: 'FAILURE', result: { excType: 'Outer.InnerError', excModule: 'shop' } },
  'failure: caused': { traceback: expect.stringContaining('The above exception was the direct cause') as unknown },
  'failure: unicode': failure('RuntimeError', 'builtins', ['héllo ☃ 😀']),
  'failure: keyword arguments': { result: { excType: 'UnpickleableExceptionWrapper' } },
  'failure: subclass with keyword arguments': failure('PaymentError', 'shop', ['declined', 5]),
  'failure without a reason': failure('Exception', 'builtins', []),
  retry: { status: 'RETRY', result: { excArgs: ['boom', 1] } },
  'retry without a reason': { status: 'RETRY', result: null },
  revoked: { status: 'REVOKED', result: { excType: 'TaskRevokedError', excArgs: ['expired'] } },
  started: { status: 'STARTED', result: { pid: 7, hostname: 'celery@box' } },
  progress: { status: 'PROGRESS', result: { done: 3, of: 9 } },
  children: {
    groupId: 'G',
    parentId: 'P',
    children: [{ id: 'child' }, { id: 'inner', members: [{ id: 'a' }, { id: 'b' }] }],
  },
  extended: {
    name: 'python.add',
    args: [1, 2],
    kwargs: { x: 1 },
    worker: 'celery@box',
    retries: 2,
    queue: 'quick',
    stamps: { mine: ['a'] },
  },
  prefixed: { status: 'SUCCESS', result: 3 },
  msgpack: { status: 'SUCCESS', result: plain },
  yaml: { status: 'SUCCESS', result: plain },
  'dates in yaml': { result: { when: new Date('2020-01-02T03:04:05Z'), day: new PyDate('2020-02-29') } },
  compressed: { status: 'SUCCESS', result: { text: 'x' } },
  run: { status: 'SUCCESS', result: 3, children: [] },
  'run, extended': { name: 'python.add', args: [1, 2], worker: 'python@interop' },
  'run, tried again': { result: 1, parentId: 'run, tried again' },
  'run, failed': failure('ValueError', 'builtins', ['boom', 1]),
  'run, unencodable': { result: { excType: 'EncodeError', excModule: 'kombu.exceptions' } },
  'run, unheard of': { result: { excType: 'NotRegistered' } },
}

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
    expect(meta).toMatchObject(EXPECTED[fixture.name] as Partial<TaskMeta>)
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

function failure(excType: string, excModule: string, excArgs: readonly unknown[]): unknown {
  return { status: 'FAILURE', result: expect.objectContaining({ excType, excModule, excArgs }) as TaskError }
}

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
