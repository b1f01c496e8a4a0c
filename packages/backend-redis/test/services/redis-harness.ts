import { randomUUID } from 'node:crypto'
import { cases, type Harness, register, type Runner } from '@arpeggio/conformance'
import { type Backend, wrap } from '@arpeggio/core'
import type { Service } from '@arpeggio/testing'
import { Redis } from 'ioredis'
import { afterAll, describe, it } from 'vitest'
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
  /** Ends the subscriber connections of that backend, once. */
  readonly killSubscribers: (backend: Backend) => Promise<void>
  readonly rounds?: number
  readonly release: (options: RedisBackendOptions) => void
}

/** The kit on a row: chords by the clock of their processes, because nothing can turn that of the server. */
export function registerRow(row: Row, runner: Runner): void {
  const chords = cases.filter(({ chapter }) => chapter === 'chords')
  const others = cases.filter(({ chapter }) => chapter !== 'chords')
  register(harnessOf(row), runner, others)
  const plain = harnessOf({ ...row, name: `${row.name}, chords` })
  const open = async (): Promise<Backend> => wrap(await plain.open(), { clock: undefined })
  const harness: Harness = {
    ...plain,
    lacks: { ...lacks, clock: 'hidden, because the clock of the server cannot be turned' },
    open,
    openAnother: open,
  }
  register(harness, runner, chords)
}

/** The kit on a server of its own kind, each handle with a name by which its subscribers are found. */
export function registerServer({ url, detail: name }: Service, rounds?: number): void {
  const admin = new Redis(url)
  afterAll(() => admin.disconnect())
  const row = {
    name,
    options: async () => ({ url, clientName: uniqueId() }),
    release: () => {},
    killSubscribers: (backend: Backend) => killSubscribersOf(admin, nameOf(backend)),
    ...(rounds !== undefined && { rounds }),
  }
  registerRow(row, { describe: describe.concurrent, it })
}

/** One row of servers, clients and options. */
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
    gap: async (backend, during) => {
      await row.killSubscribers(backend)
      await during()
    },
    rounds: row.rounds ?? 5,
  }
}

/** The name that the connections of a backend carry. */
export function nameOf(backend: Backend): string {
  const { client } = backend as RedisBackend // the rows open no other
  return 'connectionName' in client.options ? String(client.options.connectionName) : ''
}

/** Ends the subscriber connections whose `connectionName` this is. */
export async function killSubscribersOf(admin: Redis, name: string): Promise<void> {
  for (const line of String(await admin.client('LIST')).split('\n')) {
    const isSubscriber = line.includes(` name=${name} `) && / (?:s?sub)=[1-9]/u.test(line)
    const clientId = /^id=(\d+)/u.exec(line)?.[1]
    if (isSubscriber && clientId !== undefined) await admin.client('KILL', 'ID', clientId)
  }
}

export function uniqueId(): string {
  return `test-${randomUUID()}`
}
