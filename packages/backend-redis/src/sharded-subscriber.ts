import { setTimeout } from 'node:timers/promises'
import { commandsOf, listOf, type RedisClusterClient, type RedisNodeClient, textOf } from './client.ts'
import { subscriberLost, toBackendError } from './errors.ts'
import { keySlot } from './key-slot.ts'
import { Subscriber, type SubscriberOptions } from './subscriber.ts'

export interface ShardedSubscriberOptions extends Omit<SubscriberOptions, 'client' | 'isSharded'> {
  readonly client: RedisClusterClient
}

interface Shard {
  readonly from: number
  readonly to: number
  readonly master: RedisNodeClient
}

/** One life of the subscriber connections to the masters of a cluster. The end of one, or of a slot's stay, is the end of all. */
export class ShardedSubscriber {
  readonly #options: ShardedSubscriberOptions
  readonly #subscribers = new Map<RedisNodeClient, Promise<Subscriber>>()
  #shards: readonly Shard[] = []
  #isOver = false
  #isOpen = false

  constructor(options: ShardedSubscriberOptions) {
    this.#options = options
  }

  async open(channels: () => readonly string[]): Promise<void> {
    try {
      this.#shards = await this.#lookUntilWhole()
      if (!(await this.subscribe(channels()))) throw subscriberLost(this.#options.address)
    } catch (error) {
      this.end()
      throw toBackendError(error, { wasSent: false, address: this.#options.address })
    }
    this.#isOpen = true
  }

  async subscribe(channels: readonly string[]): Promise<boolean> {
    const shares = [...this.#shares(channels)].map(async ([master, share]) => (await this.#at(master)).subscribe(share))
    const outcomes = await Promise.all(shares)
    return !this.#isOver && outcomes.every(Boolean)
  }

  async unsubscribe(channels: readonly string[]): Promise<void> {
    const shares = [...this.#shares(channels)].map(async ([master, share]) =>
      (await this.#at(master)).unsubscribe(share),
    )
    await Promise.all(shares)
  }

  end(): void {
    if (this.#isOver) return
    this.#isOver = true
    for (const subscriber of this.#subscribers.values()) subscriber.then((each) => each.end(), ignore)
    if (this.#isOpen) this.#options.onEnd()
  }

  /** A client that has just connected does not know every node yet. */
  async #lookUntilWhole(): Promise<readonly Shard[]> {
    for (let looks = 1; ; looks += 1) {
      const shards = await this.#look()
      if (shards !== undefined) return shards
      if (looks >= mostLooks) throw new Error('some slots have no node that is known')
      await setTimeout(betweenLooksMs)
    }
  }

  /** Who has which slots, as one of the nodes knows it now; nothing while the client does not know all of those nodes. */
  async #look(): Promise<readonly Shard[] | undefined> {
    const { client } = this.#options
    const reply = listOf(await commandsOf(client)('cluster', ['slots']))
    const masters = new Map(client.nodes('master').map((node) => [`${node.options.host}:${node.options.port}`, node]))
    const shards = reply.flatMap((range) => {
      const [from, to, first] = listOf(range)
      const [host, port] = listOf(first)
      const master = masters.get(`${textOf(host)}:${textOf(port)}`)
      return master === undefined ? [] : [{ from: Number(textOf(from)), to: Number(textOf(to)), master }]
    })
    return shards.length < reply.length || shards.length === 0 ? undefined : shards
  }

  #shares(channels: readonly string[]): ReadonlyMap<RedisNodeClient, readonly string[]> {
    return Map.groupBy(channels, (channel) => {
      const slot = keySlot(channel)
      const shard = this.#shards.find(({ from, to }) => slot >= from && slot <= to)
      if (shard === undefined) throw subscriberLost(this.#options.address, new Error(`nobody has slot ${slot}`))
      return shard.master
    })
  }

  #at(master: RedisNodeClient): Promise<Subscriber> {
    let subscriber = this.#subscribers.get(master)
    if (subscriber === undefined) {
      subscriber = this.#open(master)
      this.#subscribers.set(master, subscriber)
    }
    return subscriber
  }

  async #open(master: RedisNodeClient): Promise<Subscriber> {
    const subscriber = new Subscriber({ ...this.#options, client: master, isSharded: true, onEnd: () => this.end() })
    await subscriber.open(() => [])
    if (this.#isOver) subscriber.end()
    return subscriber
  }
}

const mostLooks = 100
const betweenLooksMs = 20

function ignore(): void {}
