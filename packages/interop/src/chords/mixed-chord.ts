import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eventually } from '@arpeggio/conformance'
import { chord, type Results, signatureFromData, type TaskMeta } from '@arpeggio/core'
import type { Fleet } from '../interop-case.ts'

/** Nothing takes so long, whatever else the machine does. */
export const PATIENCE_MS = 120_000

/** The language of a task. */
export type Language = 'Python' | 'TypeScript'

/** A call as both sides write it. */
export interface Call {
  readonly task: string
  readonly args: readonly unknown[]
  readonly kwargs: object
  readonly options: Readonly<Record<string, unknown>>
  readonly subtask_type: string | null
  readonly immutable: boolean
}

interface Parked {
  readonly text: string
  readonly headers: Readonly<Record<string, unknown>>
}

/** Chords whose parts and body run in both languages, on one fleet. */
export class MixedChord {
  readonly #fleet: Fleet
  readonly #results: Results
  readonly #parking = `parking-${randomUUID()}`

  constructor(fleet: Fleet) {
    this.#fleet = fleet
    this.#results = resultsOf(fleet)
  }

  #queueOf(language: Language): string {
    const { python, node } = this.#fleet.queues
    return language === 'Python' ? python : node
  }

  /** A call of the task of that name in that language. */
  call(language: Language, name: string, ...args: readonly unknown[]): Call {
    const prefix = language === 'Python' ? 'python' : 'node'
    const options = { queue: this.#queueOf(language), task_id: randomUUID() }
    return { task: `${prefix}.${name}`, args, kwargs: {}, options, subtask_type: null, immutable: false }
  }

  /** A part that ends when `end` says so. */
  held(language: Language, value: unknown, fails = false): Call {
    return this.call(language, 'hold', value, `gate-${randomUUID()}`, fails)
  }

  /** Lets a held part end, and waits until its result is stored. */
  async end({ args, options }: Call): Promise<void> {
    await this.#fleet.broker.set(String(args[1]), '1', 'EX', 600)
    await this.#results.waitFor(String(options['task_id']), { timeoutMs: PATIENCE_MS, propagate: false })
  }

  /** The same call in a queue that nobody serves, for a test that delivers it by itself. */
  parked(call: Call): Call {
    return { ...call, options: { ...call.options, queue: this.#parking } }
  }

  /** Gives a worker of that language, or whoever serves a queue, a parked message, as often as it is called. */
  async deliver(to: Language | { readonly queue: string }, call: Call): Promise<void> {
    const [parked] = await this.#parkedAs(call)
    assert.ok(parked !== undefined, 'the part is parked')
    await this.#fleet.broker.lpush(typeof to === 'string' ? this.#queueOf(to) : to.queue, parked.text)
  }

  /** As `deliver`, and waits until the task and everything that its end sets off is over. */
  async run(language: Language, call: Call): Promise<void> {
    const ended = `ended-${String(call.options['task_id'])}`
    const before = await this.#fleet.broker.llen(ended)
    await this.deliver(language, call)
    await eventually(PATIENCE_MS, async () => assert.ok((await this.#fleet.broker.llen(ended)) > before, ended))
  }

  /** How often a parked call was sent. */
  async sent(call: Call): Promise<number> {
    return (await this.#parkedAs(call)).length
  }

  /** The chord of a parked part. */
  async chordOf(part: Call): Promise<string> {
    const [parked] = await this.#parkedAs(part)
    return String(parked?.headers['group'])
  }

  async #parkedAs({ options }: Call): Promise<readonly Parked[]> {
    const texts = await this.#fleet.broker.lrange(this.#parking, 0, -1)
    return texts.map(parkedOf).filter(({ headers }) => headers['id'] === options['task_id'])
  }

  /** Has a worker process of that language run a parked part until it dies at that step. */
  async dies(language: Language, part: Call, step: string): Promise<void> {
    const queue = `dying-${randomUUID()}`
    await this.deliver({ queue }, part)
    if (language === 'Python') await this.#fleet.dyingWorker(queue, step)
    else await this.#diesHere(queue, step)
  }

  async #diesHere(queue: string, step: string): Promise<void> {
    const { store, broker } = this.#fleet
    const { host = '', port = 0 } = broker.options
    const places = [`redis://${host}:${port}/0`, queue, String(store.celery['result_backend']), step]
    const program = join(import.meta.dirname, 'dying-worker.ts')
    const env = { ...process.env, NODE_COMPILE_CACHE: join(tmpdir(), 'arpeggio-interop') }
    const flags = ['--conditions=@arpeggio/source', '--no-warnings']
    const child = spawn(process.execPath, [...flags, program, ...places], { stdio: 'inherit', env })
    await once(child, 'exit')
    assert.equal(child.signalCode, 'SIGKILL')
  }

  /** Starts a chord and gives the id of its body. */
  async start(by: Language, header: readonly object[], body: Call): Promise<string> {
    if (by === 'Python') {
      const kwargs = { kwargs: {}, header, body }
      const signature = { task: 'celery.chord', args: [], kwargs, options: {}, subtask_type: 'chord', immutable: false }
      await this.#fleet.python.call('apply', { signature })
    } else {
      const members = header.map((member) => signatureFromData(member))
      await this.#results.apply(chord(members, signatureFromData(body)))
    }
    return String(body.options['task_id'])
  }

  /** What the body came to, as both sides read it. */
  async outcome(body: string): Promise<TaskMeta> {
    const meta = await this.#results.waitFor(body, { timeoutMs: PATIENCE_MS, propagate: false })
    const { status } = await this.#fleet.python.meta(body)
    assert.equal(status, meta.status)
    return meta
  }

  /** How often the body has run, when it is a `note` under that key. */
  async notes(key: string): Promise<readonly unknown[]> {
    const lines = await this.#fleet.broker.lrange(key, 0, -1)
    return lines.map((line) => JSON.parse(line) as unknown)
  }

  /** Waits until as many notes are there, and for a moment longer to see that there are no more. */
  async noted(key: string, count: number): Promise<readonly unknown[]> {
    await eventually(PATIENCE_MS, async () => assert.equal((await this.notes(key)).length, count))
    return await this.notes(key)
  }
}

function parkedOf(text: string): Parked {
  const { headers } = JSON.parse(text) as Pick<Parked, 'headers'> // as Celery's transport writes it
  return { text, headers }
}

/** The Node side, where it is ours. */
export function resultsOf({ node }: Fleet): Results {
  return node as Results // the cases of chords are for no other client
}
