import { randomUUID } from 'node:crypto'
import { msgpackCodec } from '@arpeggio/codec-msgpack'
import { yamlCodec } from '@arpeggio/codec-yaml'
import { Results } from '@arpeggio/core'
import { celery, type CeleryVersion, redis } from '@arpeggio/testing'
import { Redis } from 'ioredis'
import { CeleryPublisher } from './celery-publisher.ts'
import type { FleetSettings, InteropCase } from './interop-case.ts'
import { NodeWorker } from './node-worker.ts'
import type { NodeSide } from './node-side.ts'
import { type CelerySettings, PythonPeer } from './python-peer.ts'
import { PythonWorker } from './python-worker.ts'
import type { RunningStore, StoreRow } from './store-row.ts'

/** Opens the side that runs in Node, for one case. */
export type OpenNode = (place: Place, interopCase: InteropCase) => NodeSide | Promise<NodeSide>

/** Where both sides meet. */
export interface Place {
  readonly store: RunningStore
  readonly brokerUrl: string
  readonly broker: Redis
  readonly queue: string
}

/** Celery and a store that both sides share, for all cases of a row. */
export class Matrix implements AsyncDisposable {
  readonly #place: Place
  readonly #python: string
  readonly #version: string
  readonly #peer: PythonPeer
  #dying: PythonPeer | undefined
  readonly #workers = new Map<string, Promise<PythonWorker>>()

  private constructor(place: Place, python: string, version: string) {
    this.#place = place
    this.#python = python
    this.#version = version
    this.#peer = new PythonPeer(python, place.store.environment)
  }

  static async start(row: StoreRow, version: CeleryVersion): Promise<Matrix> {
    const [{ python }, { url }, store] = await Promise.all([celery({ version }), redis(), row.start()])
    const place = { store, brokerUrl: `${url}/0`, broker: new Redis(url), queue: `interop-${randomUUID()}` }
    return new Matrix(place, python, version)
  }

  /** Runs a case with a pair of sides of its own. */
  async run(interopCase: InteropCase, openNode: OpenNode = openResults): Promise<void> {
    const { settings } = interopCase
    const celerySettings = celerySettingsOf(this.#place, settings)
    if (interopCase.worker) await this.#worker(celerySettings)
    const python = await this.#peer.app(celerySettings)
    const node = await openNode(this.#place, interopCase)
    const queues = { python: String(celerySettings['task_default_queue']), node: `node-${randomUUID()}` }
    const { store, broker } = this.#place
    const worker = interopCase.nodeWorker ? new NodeWorker(broker, queues.node, node as Results) : undefined // only our cases run one
    const dyingWorker = (queue: string, step: string): Promise<void> => this.#die(celerySettings, queue, step)
    const fleet = {
      id: randomUUID(),
      python,
      node,
      store,
      settings,
      celery: this.#version,
      broker,
      queues,
      dyingWorker,
    }
    try {
      await interopCase.run(fleet)
    } finally {
      await worker?.[Symbol.asyncDispose]()
      await node.close()
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const workers = await Promise.allSettled(this.#workers.values())
    for (const worker of workers) if (worker.status === 'fulfilled') await worker.value[Symbol.asyncDispose]()
    await this.#dying?.[Symbol.asyncDispose]()
    await this.#peer[Symbol.asyncDispose]()
    await this.#place.store[Symbol.asyncDispose]()
    await this.#place.broker.quit()
  }

  async #die(settings: CelerySettings, queue: string, step: string): Promise<void> {
    this.#dying ??= new PythonPeer(this.#python, this.#place.store.environment, 'dying_worker.py')
    await this.#dying.call('', 'die', { settings, queue, step }).answer
  }

  /** One worker for all cases of the same settings. */
  #worker(settings: CelerySettings): Promise<PythonWorker> {
    const key = JSON.stringify(settings)
    const known = this.#workers.get(key)
    if (known !== undefined) return known
    const started = PythonWorker.start(this.#python, settings, this.#place.store.environment)
    this.#workers.set(key, started)
    return started
  }
}

/** Ours. */
function openResults({ store, brokerUrl, queue }: Place, { settings, results }: InteropCase): Results {
  const { serializer = 'json', globalKeyprefix, resultExtended, expiresInSeconds } = settings
  return new Results({
    backend: store.open(settings),
    publisher: new CeleryPublisher(brokerUrl, queueOf(queue, settings)),
    // Whoever stores pickles has no counterpart here.
    serializer: serializer === 'pickle' ? 'json' : serializer,
    codecs: [msgpackCodec, yamlCodec],
    globalKeyprefix,
    resultExtended,
    expiresInSeconds,
    safetyReadMs: 250,
    sweepSeconds: false,
    onWarning: () => undefined,
    ...results,
  })
}

function celerySettingsOf({ store, brokerUrl, queue }: Place, settings: FleetSettings): CelerySettings {
  const { serializer = 'json', resultExtended = false, expiresInSeconds = 86_400, compression } = settings
  const { globalKeyprefix, chordOrdered = true } = settings
  const prefix = globalKeyprefix === undefined ? {} : { global_keyprefix: globalKeyprefix }
  return {
    ...store.celery,
    broker_url: brokerUrl,
    task_default_queue: queueOf(queue, settings),
    result_serializer: serializer,
    result_accept_content: [serializer],
    result_extended: resultExtended,
    result_expires: expiresInSeconds,
    result_backend_transport_options: { ...prefix, result_chord_ordered: chordOrdered },
    ...(compression === undefined ? {} : { result_compression: compression }),
  }
}

/** Workers of other settings must not take each other's tasks. */
function queueOf(queue: string, { resultExtended = false, chordOrdered = true }: FleetSettings): string {
  return `${queue}${resultExtended ? '-extended' : ''}${chordOrdered ? '' : '-unordered'}`
}
