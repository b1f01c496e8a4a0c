import type { Backend } from '../../src/index.ts'
import { KeyStore } from '../../src/store/key-store.ts'
import { Retry } from '../../src/store/retry.ts'
import type { ChordRecord } from '../../src/chords/chord-record.ts'
import type { SlotEntry } from '../../src/chords/slot-entry.ts'

/** A sealed chord of two slots, or what a test says. */
export function record(parts: Partial<ChordRecord> = {}): ChordRecord {
  const { size = 2 } = parts
  return {
    id: 'c',
    state: 'sealed',
    rev: 0,
    nonce: 'n',
    writtenAt: 0,
    createdAt: 0,
    deadline: 1_000,
    lifetimeSeconds: 100,
    size,
    sizes: [size],
    sealedSize: size,
    adds: {},
    fanOut: 2,
    body: '',
    bodyIds: ['b'],
    policy: 'waitAll',
    results: 'value',
    attempt: 1,
    why: 'complete',
    ...parts,
  }
}

export function success(taskId: string, value: unknown = taskId): SlotEntry {
  return { taskId, state: 'SUCCESS', value }
}

export function failed(taskId: string, text = 'boom', state = 'FAILURE'): SlotEntry {
  return { taskId, state, value: { exc_type: 'ValueError', exc_message: [text], exc_module: 'builtins' } }
}

/** A store that tries again at once. */
export function keyStore(backend: Backend, retries = 0): KeyStore {
  const policy = { alwaysRetry: true, maxRetries: retries, baseSleepMs: 0, maxSleepMs: 0 }
  return new KeyStore(backend, new Retry(policy, { exceptionSafeToRetry: () => false }))
}
