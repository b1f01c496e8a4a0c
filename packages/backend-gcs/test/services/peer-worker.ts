import {
  chord as chordOf,
  decodeGroupMeta,
  encodeGroupMeta,
  jsonCodec,
  Keys,
  Results,
  type SignatureData,
  signatureData,
  type TaskMessage,
} from '@arpeggio/core'
import type { GcsBackend } from '../../src/index.ts'
import { body, part, type Stage } from './chord-stage.ts'

const keys = new Keys()

/** Where a worker dies. */
export type Death = 'before it counts' | 'before it fires' | 'before it removes what it has fired'

/** Does on Celery's own documents what its worker does when a part returns, request by request. */
export class PeerWorker {
  /** Every body that it has fired. */
  readonly fired: { readonly id: unknown; readonly values: readonly unknown[] }[] = []
  readonly #stage: Stage
  readonly #backend: GcsBackend
  readonly #results: Results

  constructor(stage: Stage) {
    this.#stage = stage
    this.#backend = stage.backend()
    this.#results = new Results({ backend: this.#backend })
  }

  /** Begins a chord, and answers with the messages of its parts. */
  async begin(id: string, size: number): Promise<readonly TaskMessage[]> {
    const tasks = Array.from({ length: size }, (_, slot) => ({ id: `${id}-${slot}` }))
    const key = keys.chord(id)
    await this.#stage.document(key).set({ expires_at: new Date(Date.now() + 86_400_000) }, { merge: true })
    await this.#backend.set({ key: keys.group(id), value: encodeGroupMeta({ id, members: tasks }, jsonCodec) })
    const whole = signatureData({ task: body.name, options: { task_id: `${id}-body` } })
    return tasks.map((task, groupIndex) => ({
      id: task.id,
      task: part.name,
      args: [groupIndex],
      kwargs: {},
      rootId: task.id,
      group: id,
      groupIndex,
      chord: whole,
    }))
  }

  /** Returns a part. */
  async finish(message: TaskMessage, value: unknown = message.groupIndex, death?: Death): Promise<void> {
    const { group: id = '', chord = signatureData({ task: '' }) } = message
    await this.#results.storeResult(message.id, value, 'SUCCESS')
    if (death === 'before it counts') return
    const count = await this.#backend.incr(keys.chord(id))
    const size: unknown = Reflect.get(chord, 'chord_size') ?? (await this.#header(id))?.length
    if (size === undefined) throw new Error(`GroupResult ${id} no longer exists`)
    if (count !== size || death === 'before it fires') return
    await this.#fire(id, chord, death)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#results.close()
  }

  async #header(id: string): Promise<readonly string[] | undefined> {
    const stored = await this.#backend.get(keys.group(id))
    return stored && (decodeGroupMeta(stored.value, jsonCodec).members ?? []).map((member) => member.id)
  }

  async #fire(id: string, { options }: SignatureData, death: Death | undefined): Promise<void> {
    const header = await this.#header(id)
    if (header === undefined) throw new Error(`GroupResult ${id} no longer exists`)
    const metas = await this.#results.getMany(header)
    this.fired.push({ id: options['task_id'], values: metas.map(({ result }) => result) })
    if (death === 'before it removes what it has fired') return
    await this.#backend.delete([keys.group(id)])
    await this.#stage.document(keys.chord(id)).delete()
  }
}

/** A chord of ours of so many parts, and their messages. */
export async function apply(stage: Stage, results: Results, size: number, id = 'c'): Promise<readonly TaskMessage[]> {
  await results.apply(
    chordOf(
      Array.from({ length: size }, (_, slot) => part.s(slot)),
      body,
      { id },
    ),
  )
  return stage.queue.partsOf(id)
}
