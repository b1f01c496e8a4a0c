import type { Argument, RedisNodeClient, Reply } from './client.ts'
import { Connection } from './connection.ts'
import { notReplicated, perhapsRepeated, unsupported } from './errors.ts'
import type { Durability } from './options.ts'
import type { Script } from './scripts.ts'
import { textOf } from './client.ts'

/** Which writes are durable, and for how long one waits for that. */
export interface DurabilityWanted {
  readonly durability: Exclude<Durability, 'fast'>
  readonly replicas: number | undefined
  readonly withinMs: number
}

export interface DurableWritesOptions extends DurabilityWanted {
  readonly client: RedisNodeClient
  readonly address: string
}

/**
 * Writes that are answered when they are durable. WAIT blocks the connection that it is called on, and speaks of the writes
 * of that connection alone, so these have one of their own.
 */
export class DurableWrites {
  readonly #connection: Connection
  readonly #options: DurableWritesOptions
  #confirmation: Promise<void> | undefined

  constructor(options: DurableWritesOptions) {
    this.#options = options
    const client = options.client.duplicate({ maxRetriesPerRequest: 0, lazyConnect: true, enableOfflineQueue: true })
    this.#connection = new Connection(client, options.address, true)
  }

  /** Whether the connection was lost and does not come back by itself. */
  get isOver(): boolean {
    return this.#connection.client.status === 'end'
  }

  script(script: Script, keys: readonly string[], args: readonly Argument[]): Promise<Reply> {
    return this.#durably(() => this.#connection.script(script, keys, args))
  }

  /** To a node of a cluster that is about to be given the slot of the keys. With its source: it is asked for one command. */
  asked({ source }: Script, keys: readonly string[], args: readonly Argument[]): Promise<Reply> {
    return this.#durably(async () => {
      const commands = [
        this.#connection.run('asking', []),
        this.#connection.run('eval', [source, keys.length, ...keys, ...args]),
      ]
      const [, reply = null] = await Promise.all(commands)
      return reply
    })
  }

  close(): Promise<void> {
    return this.#connection.close()
  }

  async #durably(write: () => Promise<Reply>): Promise<Reply> {
    const { losses } = this.#connection
    const reply = await write()
    await this.#confirmed()
    // After a reconnect WAIT knows nothing of this write, and says yes.
    if (losses !== this.#connection.losses) throw perhapsRepeated(this.#options.address)
    return reply
  }

  /** The writes whose answers arrived together wait together. */
  #confirmed(): Promise<void> {
    this.#confirmation ??= Promise.resolve().then(() => {
      this.#confirmation = undefined
      return this.#wait()
    })
    return this.#confirmation
  }

  async #wait(): Promise<void> {
    const { durability, withinMs } = this.#options
    if (durability === 'replicated') {
      const replicas = this.#options.replicas ?? 1
      const held = Number(textOf(await this.#connection.run('wait', [replicas, withinMs])))
      if (held < replicas) throw notReplicated(`${replicas} replicas`, `${held}`)
      return
    }
    const replicas = this.#options.replicas ?? 0
    const reply = await this.#waitForDisk(replicas)
    const [own = 0, others = 0] = Array.isArray(reply) ? reply.map((count) => Number(textOf(count))) : []
    if (own < 1 || others < replicas)
      throw notReplicated(`its own disk and ${replicas} replicas`, `${own} and ${others}`)
  }

  async #waitForDisk(replicas: number): Promise<Reply> {
    try {
      return await this.#connection.run('waitaof', [1, replicas, this.#options.withinMs])
    } catch (error) {
      const message = error instanceof Error ? error.message : ''
      if (!/unknown command|appendonly is disabled/iu.test(message)) throw error
      throw unsupported('durability fsynced needs WAITAOF (Redis 7.2 or newer, or Valkey) and appendonly yes', error)
    }
  }
}
