import { isCluster, type RedisClient, type RedisNodeClient } from './client.ts'
import { disposed, misconfigured, subscriberLost, toBackendError } from './errors.ts'
import { Heartbeat } from './heartbeat.ts'

export interface SubscriberOptions {
  /** What is copied: itself, or a node of the cluster. */
  readonly client: RedisClient
  readonly isSharded: boolean
  readonly address: string
  readonly heartbeatMs: number
  readonly onMessage: (channel: string, payload: Buffer) => void
  /** Called once, after `open` has resolved. */
  readonly onEnd: () => void
}

/** So many channels to one command. */
const channelsPerCommand = 1000
/** Connecting includes looking around: the version of the protocol, the state of the server. */
const shortestOpeningMs = 5000

/** Each copy lives for one connection, and fails at once instead of waiting for another. */
const once = {
  lazyConnect: true,
  retryStrategy: null,
  maxRetriesPerRequest: 0,
  autoResubscribe: false,
  enableAutoPipelining: false,
  reconnectOnError: null,
  readOnly: false,
  commandTimeout: undefined,
  socketTimeout: undefined,
} as const

/** What is used of a client in subscriber mode. */
interface SubscriberClient extends RedisNodeClient {
  subscribe(...channels: readonly string[]): Promise<unknown>
  unsubscribe(...channels: readonly string[]): Promise<unknown>
  ssubscribe(channel: string): Promise<unknown>
  sunsubscribe(channel: string): Promise<unknown>
  ping(): Promise<unknown>
}

/** One life of a subscriber connection. */
export class Subscriber {
  readonly #options: SubscriberOptions
  readonly #ended = Promise.withResolvers<void>()
  /** Acknowledged by the server. */
  readonly #channels = new Set<string>()
  #client: SubscriberClient | undefined
  #heartbeat: Heartbeat | undefined
  #isOver = false
  #isOpen = false
  #reason: unknown

  constructor(options: SubscriberOptions) {
    this.#options = options
  }

  /** Connects and subscribes to what there is then. */
  async open(channels: () => readonly string[]): Promise<void> {
    const { heartbeatMs, address } = this.#options
    const tooLate = setTimeout(() => this.end(), Math.max(shortestOpeningMs, 2 * heartbeatMs))
    try {
      await this.#connect()
      if (!(await this.subscribe(channels()))) throw subscriberLost(address, this.#reason)
    } catch (error) {
      this.end()
      throw toBackendError(error, { wasSent: false, address, connection: this.#reason })
    } finally {
      clearTimeout(tooLate)
    }
    this.#isOpen = true
    this.#heartbeat = new Heartbeat(heartbeatMs, { beat: () => this.#ping(), onMissed: () => this.end() })
  }

  /** Resolves to whether all of them are acknowledged; `false` when the connection ended before. */
  async subscribe(channels: readonly string[]): Promise<boolean> {
    const missing = channels.filter((channel) => !this.#channels.has(channel))
    const client = this.#client
    if (this.#isOver || client === undefined) return false
    const calls: Promise<void>[] = []
    for (let start = 0; start < missing.length; start += channelsPerCommand) {
      calls.push(this.#acknowledged(client, missing.slice(start, start + channelsPerCommand)))
    }
    try {
      await Promise.race([Promise.all(calls), this.#ended.promise])
    } catch (error) {
      const { address } = this.#options
      if (!this.#isOver) throw toBackendError(error, { wasSent: false, address })
    }
    return !this.#isOver
  }

  async unsubscribe(channels: readonly string[]): Promise<void> {
    for (const channel of channels) this.#channels.delete(channel)
    for (let start = 0; start < channels.length; start += channelsPerCommand) {
      const leaving = this.#leave(channels.slice(start, start + channelsPerCommand))
      // A connection that ends takes its subscriptions with it.
      await Promise.race([leaving.catch(() => undefined), this.#ended.promise])
    }
  }

  /** At once, whatever a dead connection says to that. */
  end(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#heartbeat?.stop()
    this.#ended.resolve()
    this.#client?.disconnect()
    if (this.#isOpen) this.#options.onEnd()
  }

  async #acknowledged(client: SubscriberClient, channels: readonly string[]): Promise<void> {
    // Channels of several slots cannot share a command.
    if (this.#options.isSharded) await Promise.all(channels.map((channel) => client.ssubscribe(channel)))
    else await client.subscribe(...channels)
    for (const channel of channels) this.#channels.add(channel)
  }

  async #leave(channels: readonly string[]): Promise<void> {
    const client = this.#client
    if (client === undefined) return
    if (this.#options.isSharded) await Promise.all(channels.map((channel) => client.sunsubscribe(channel)))
    else await client.unsubscribe(...channels)
  }

  async #connect(): Promise<void> {
    const { isSharded } = this.#options
    const node = await this.#node()
    // Any client that can be copied has the commands of pub/sub.
    const client = node.duplicate(once) as SubscriberClient
    this.#client = client
    client.on('error', (error: unknown) => void (this.#reason = error))
    client.on('end', () => this.end())
    // The slots of a shard have moved on, or have begun to.
    client.on('moved', () => this.end())
    client.on(isSharded ? 'smessageBuffer' : 'messageBuffer', (channel, payload) => {
      if (!this.#isOver) this.#options.onMessage(String(channel), payload as Buffer) // as the event's name says
    })
    if (this.#isOver) throw disposed()
    const connected = client.connect()
    await Promise.race([
      connected,
      this.#ended.promise.then(() => Promise.reject(subscriberLost(this.#options.address, this.#reason))),
    ])
  }

  /** PUBLISH reaches every node of a cluster, so any of them serves; the next life tries another. */
  async #node(): Promise<RedisNodeClient> {
    const { client } = this.#options
    if (!isCluster(client)) return client
    if (client.nodes('all').length === 0) await (client as unknown as SubscriberClient).ping()
    const nodes = client.nodes('all')
    const node = nodes[Math.floor(Math.random() * nodes.length)]
    if (node === undefined) throw misconfigured('The Cluster client knows no nodes')
    return node
  }

  async #ping(): Promise<void> {
    await this.#client?.ping()
  }
}
