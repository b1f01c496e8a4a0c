import { randomUUID } from 'node:crypto'
import type { Harness } from '@arpeggio/conformance'
import type { Backend } from '@arpeggio/core'
import { RedisBackend, type RedisBackendOptions } from '../../src/index.ts'

/** What Redis does not have, and why. */
export const lacks: Harness['lacks'] = {
  cleanup: 'Redis removes what has expired by itself',
  revision: 'its notifications tell of changes, and it keeps no count of writes that a reader could go by',
}

export interface Row {
  readonly name: string
  /** Made anew for every handle. */
  readonly options: () => Promise<RedisBackendOptions>
  /** Ends every subscriber connection, once. */
  readonly killSubscribers: () => Promise<void>
  readonly release: (options: RedisBackendOptions) => void
}

/** The kit on one row of servers, clients and options. */
export function harnessOf(row: Row): Harness {
  const open = async (): Promise<Backend> => {
    const options = await row.options()
    const backend = new RedisBackend(options)
    const dispose = backend[Symbol.asyncDispose].bind(backend)
    backend[Symbol.asyncDispose] = async (): Promise<void> => {
      await dispose()
      row.release(options)
    }
    return backend
  }
  return {
    name: row.name,
    lacks,
    open,
    openAnother: open,
    gap: async (_backend, during) => {
      await row.killSubscribers()
      await during()
    },
    rounds: 20,
  }
}

export function uniqueId(): string {
  return `test-${randomUUID()}`
}
