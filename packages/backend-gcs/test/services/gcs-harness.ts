import { randomUUID } from 'node:crypto'
import { type Harness, killInChild, openInChild } from '@arpeggio/conformance'
import type { Backend, Stored } from '@arpeggio/core'
import { Firestore } from '@google-cloud/firestore'
import { GcsBackend, type GcsSettings } from '../../src/index.ts'

/** What Cloud Storage does not have, and why. */
export const lacks: Harness['lacks'] = {
  bulk: 'each object is a request of its own',
  guard: 'the service compares generations, not content',
  notifications: 'objects tell nobody of changes; waiting asks for generations',
  revision: 'a bucket keeps no count of writes',
  cleanup: 'the lifecycle rule of the bucket and the TTL policy of Firestore remove what has expired',
  clock: 'leases go by the clocks of the processes; expiry goes by what the answers of the servers tell',
}

const secondProcess = new URL('second-process.ts', import.meta.url)

/** A bucket of its own for every case: the local server slows down with every object in one. */
export class Buckets {
  readonly #endpoint: string
  readonly #buckets = new WeakMap<object, string>()
  #elapsedMs = 0

  constructor(endpoint: string) {
    this.#endpoint = endpoint
  }

  harness(name: string, settings: GcsSettings = {}): Harness {
    return {
      name,
      lacks,
      open: async () => this.#open(await this.make(), settings),
      openAnother: async (first) => this.#open(this.#buckets.get(first) ?? '', settings),
      advance: (seconds) => void (this.#elapsedMs += seconds * 1_000),
    }
  }

  /** Other handles are processes of their own, which can be killed; time is real. */
  processes(name: string, emulatorHost = ''): Harness {
    const firestore = (bucket: string): GcsSettings =>
      emulatorHost === '' ? {} : { firestore: { project: bucket, emulatorHost } }
    const parameters = (first: Backend): readonly string[] => {
      return [this.#endpoint, this.#buckets.get(first) ?? '', emulatorHost]
    }
    return {
      name,
      lacks,
      open: async () => {
        const bucket = await this.make()
        const backend = new GcsBackend({ bucket, project: 'test', apiEndpoint: this.#endpoint, ...firestore(bucket) })
        this.#buckets.set(backend, bucket)
        return backend
      },
      openAnother: (first) => openInChild(first, secondProcess, parameters(first)),
      kill: (first, job) => killInChild(job, secondProcess, parameters(first)),
      patienceMs: 30_000,
    }
  }

  async make(): Promise<string> {
    const name = `bucket-${randomUUID()}`
    const response = await fetch(`${this.#endpoint}/storage/v1/b?project=test`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ name }),
    })
    if (!response.ok) throw new Error(`no bucket: ${response.status} ${await response.text()}`)
    return name
  }

  #open(bucket: string, settings: GcsSettings): Backend {
    const clock = (): number => Date.now() + this.#elapsedMs
    const backend = new GcsBackend({ bucket, project: 'test', apiEndpoint: this.#endpoint, clock, ...settings })
    this.#buckets.set(backend, bucket)
    return backend
  }
}

export function textOf(stored: Stored | undefined): string | undefined {
  return stored === undefined ? undefined : Buffer.from(stored.value).toString()
}

/** A client that speaks HTTP, so that an interceptor understands it. An emulator asks for no credentials. */
export function firestoreOverHttp(projectId: string, host: string): Firestore {
  const own = { fetch: (url: string, init: RequestInit) => fetch(url, init) }
  const auth = { ...own, getClient: async () => own }
  return new Firestore({ projectId, host, ssl: false, preferRest: true, auth })
}
