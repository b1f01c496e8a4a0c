import { PyDate, type TaskError } from '@arpeggio/core'
import { expect } from 'vitest'
import { plain, read } from '../src/values.ts'

/** What is read of the fixture of that name. Groups and pickles have no entry. */
export const expectations: Readonly<Record<string, object>> = {
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

function failure(excType: string, excModule: string, excArgs: readonly unknown[]): object {
  return { status: 'FAILURE', result: expect.objectContaining({ excType, excModule, excArgs }) as TaskError }
}
