import type { Publisher, TaskMessage } from '@arpeggio/core'
import type { Calls } from './calls.ts'
import type { SimulatedProcess } from './process.ts'
import type { Step, World } from './world.ts'

/** A process that takes messages. */
export interface Consumer {
  readonly process: SimulatedProcess
  /** So many at a time. */
  readonly capacity: number
  /** Which messages it takes. Default: all. */
  readonly accepts?: (message: TaskMessage) => boolean
  /** Rejects, or resolves to false, when the message is to be delivered again. */
  handle(message: TaskMessage, isRedelivered: boolean): Promise<boolean>
}

export interface BrokerPlan {
  /** How probable it is that a message is delivered once more. */
  readonly duplicates: number
  /** So many messages are delivered once more at most. */
  readonly duplicateBudget: number
  /** How probable it is that a message is held back, and for how long. */
  readonly delays?: { readonly probability: number; readonly seconds: readonly number[] } | undefined
}

export interface Published {
  readonly message: TaskMessage
  readonly by: SimulatedProcess
}

/** A durable queue that all processes share. Delivers in any order and at least once: what a dead process held comes back. */
export class Broker {
  readonly published: Published[] = []
  readonly #world: World
  readonly #calls: Calls
  readonly #consumers: Consumer[] = []
  readonly #inFlight = new Map<Consumer, TaskMessage[]>()
  #queue: TaskMessage[] = []
  /** By their contents, which copies share. */
  readonly #delivered = new WeakSet<readonly unknown[]>()
  /** Messages whose time has not come. */
  readonly #held = new Set<TaskMessage>()
  readonly #onPublish: (published: Published) => void
  #duplicatesLeft: number
  #isMended = false
  readonly #plan: BrokerPlan

  constructor(world: World, calls: Calls, plan: BrokerPlan, onPublish: (published: Published) => void) {
    this.#world = world
    this.#calls = calls
    this.#plan = plan
    this.#duplicatesLeft = plan.duplicateBudget
    this.#onPublish = onPublish
    world.offer((steps) => this.#offer(steps))
  }

  get isIdle(): boolean {
    return (
      this.#held.size + this.#queue.length === 0 &&
      [...this.#inFlight.values()].every((messages) => messages.length === 0)
    )
  }

  /** What one process publishes with. */
  publisherOf(process: SimulatedProcess): Publisher {
    return {
      durable: true,
      publish: (messages) =>
        this.#calls.make({
          process,
          target: 'queue',
          label: () => `publish ${messages.map(named).join(', ')}`,
          apply: async () => this.#accept(messages, process),
          applyPartly: async () =>
            this.#accept(messages.slice(0, this.#world.choices.pick(messages.length + 1)), process),
        }),
    }
  }

  consume(consumer: Consumer): void {
    this.#consumers.push(consumer)
    this.#inFlight.set(consumer, [])
  }

  /** Whether a message is being dealt with, or will be, that tells of a task: its own, or one that follows it. */
  isUnderWay(id: string): boolean {
    const inFlight = [...this.#inFlight.values()].flat()
    const tells = (message: TaskMessage): boolean =>
      message.id === id || JSON.stringify(message.chain ?? []).includes(id)
    return [...this.#queue, ...inFlight, ...this.#held].some(tells)
  }

  /** Takes back what a process did not finish. */
  onCrash(process: SimulatedProcess): void {
    for (const [consumer, messages] of this.#inFlight) {
      if (consumer.process === process) this.#queue.push(...messages.splice(0))
    }
  }

  /** Delivers a message once more, however long ago it was first published. */
  redeliver(message: TaskMessage): void {
    this.#queue.push(message)
  }

  endFaults(): void {
    this.#duplicatesLeft = 0
    this.#isMended = true
  }

  #accept(messages: readonly TaskMessage[], by: SimulatedProcess): void {
    for (const message of messages) {
      const published = { message, by }
      this.published.push(published)
      this.#world.fingerprint?.publish(JSON.stringify(message))
      this.#onPublish(published)
      const countdownSeconds = (message.countdownSeconds ?? 0) + this.#delay()
      if (countdownSeconds <= 0) this.#queue.push(message)
      else this.#putLater(message, countdownSeconds)
    }
  }

  #delay(): number {
    const { delays } = this.#plan
    const isDelayed = delays !== undefined && !this.#isMended && this.#world.choices.chance(delays.probability, 'fault')
    return isDelayed ? this.#world.choices.of(delays.seconds) : 0
  }

  #offer(steps: Step[]): void {
    if (this.#queue.length === 0) return
    for (const consumer of this.#consumers) {
      const { process, capacity } = consumer
      const isFree = process.runsAt(this.#world.now) && (this.#inFlight.get(consumer)?.length ?? 0) < capacity
      if (isFree && this.#queue.some((message) => accepts(consumer, message)))
        steps.push({ process, label: () => 'takes a message', isLocal: true, run: () => this.#deliver(consumer) })
    }
  }

  #deliver(consumer: Consumer): void {
    const acceptable = this.#queue.filter((message) => accepts(consumer, message))
    const message = acceptable[this.#world.choices.pick(acceptable.length, { plain: 0.3 })]
    if (message === undefined) return
    this.#queue.splice(this.#queue.indexOf(message), 1)
    this.#world.note(() => `      ← ${named(message)}`)
    if (this.#duplicatesLeft > 0 && this.#world.choices.chance(this.#plan.duplicates, 'fault')) {
      this.#duplicatesLeft -= 1
      this.#world.note(() => '      ! will be delivered again')
      this.#queue.push(message)
    }
    this.#inFlight.get(consumer)?.push(message)
    this.#world.fingerprint?.tell(consumer.process, `takes ${named(message)}`)
    void this.#handle(consumer, message)
  }

  async #handle(consumer: Consumer, message: TaskMessage): Promise<void> {
    const isRedelivered = this.#delivered.has(message.args)
    this.#delivered.add(message.args)
    const isDone = await consumer.handle(message, isRedelivered).catch(() => false)
    const { process } = consumer
    const label = (): string => `${isDone ? 'acknowledges' : 'returns'} ${named(message)}`
    this.#world.add({ process, label, isLocal: true, run: () => this.#release(consumer, message, isDone) })
  }

  #release(consumer: Consumer, message: TaskMessage, isDone: boolean): void {
    this.#world.fingerprint?.tell(consumer.process, `is done with ${named(message)}`)
    const held = this.#inFlight.get(consumer) ?? []
    const at = held.indexOf(message)
    if (at >= 0) held.splice(at, 1)
    if (isDone && held.length === 0) this.#world.fingerprint?.forget(consumer.process)
    // Not at once: a store that is out of order would be asked without a pause.
    if (!isDone) this.#putLater(message, 5)
  }

  #putLater(message: TaskMessage, seconds: number): void {
    // A message that is held back twice is two.
    const copy = { ...message }
    this.#held.add(copy)
    this.#world.timers.set(this.#world.now + seconds * 1_000, () => {
      this.#held.delete(copy)
      this.#queue.push(copy)
    })
  }
}

function accepts({ accepts: isAccepted }: Consumer, message: TaskMessage): boolean {
  return isAccepted?.(message) ?? true
}

function named({ task, id, retries }: TaskMessage): string {
  return `${task}[${id}]${retries === undefined ? '' : ` retry ${retries}`}`
}
