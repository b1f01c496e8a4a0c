import { Redis } from 'ioredis'
import { addressOf } from './address.ts'
import { isCluster, type RedisClient } from './client.ts'
import { clientOptions, settingsOf } from './client-options.ts'
import { Connection } from './connection.ts'
import { DurableClusterWrites } from './durable-cluster-writes.ts'
import { DurableWrites } from './durable-writes.ts'
import { misconfigured } from './errors.ts'
import type { ClientOptions, HostOptions, RedisBackendOptions, SocketOptions } from './options.ts'

const defaultDurableWithinMs = 5000

/** The connections that carry commands: the client that was passed in, or our own, made at the first use. */
export class Connections {
  readonly isCluster: boolean
  readonly isSharded: boolean
  /** How often to ask whether a subscriber connection lives; the address may say it too. */
  readonly heartbeatMs: number | undefined
  readonly #options: ClientOptions | HostOptions | SocketOptions
  readonly #count: number
  readonly #made: Connection[] = []
  #turn = 0
  #durable: DurableWrites | DurableClusterWrites | undefined

  constructor(given: RedisBackendOptions) {
    const options = settingsOf(given)
    this.#options = options
    this.heartbeatMs = options.heartbeatMs
    this.#count = options.client === undefined ? connectionCount(options.maxConnections) : 1
    this.isCluster = options.client !== undefined && isCluster(options.client)
    this.isSharded = options.client !== undefined && options.pubsub === 'sharded'
    if (options.client !== undefined) refuse(options)
  }

  /** Each in its turn. */
  get next(): Connection {
    const index = this.#count === 1 ? 0 : this.#turn++ % this.#count
    return (this.#made[index] ??= this.#connection())
  }

  get durable(): DurableWrites | DurableClusterWrites | undefined {
    const { durability = 'fast', replicas, durableWithinMs: withinMs = defaultDurableWithinMs } = this.#options
    if (durability === 'fast') return undefined
    const connection = this.next
    const { client, address } = connection
    this.#durable ??= isCluster(client)
      ? new DurableClusterWrites({ client, connection, durability, replicas, withinMs })
      : new DurableWrites({ client, address, durability, replicas, withinMs })
    return this.#durable
  }

  async close(): Promise<void> {
    await Promise.all([...this.#made.map((connection) => connection.close()), this.#durable?.close()])
  }

  #connection(): Connection {
    const options = this.#options
    const isOurs = options.client === undefined
    const client: RedisClient = isOurs ? new Redis(clientOptions(options)) : options.client
    return new Connection(client, addressOf(client), isOurs)
  }
}

function connectionCount(wanted = 1): number {
  if (Number.isInteger(wanted) && wanted > 0) return wanted
  throw new TypeError(`maxConnections must be a whole number above zero, not ${wanted}`)
}

function refuse({ client, pubsub }: ClientOptions): void {
  const prefix = client.options.keyPrefix
  if (prefix !== undefined && prefix !== '') {
    throw misconfigured(
      `The ioredis client has keyPrefix ${JSON.stringify(prefix)}, which is put before keys but not before channels, so that nobody would be woken; ` +
        'pass a client without it, and the prefix as globalKeyprefix to Results',
    )
  }
  if (pubsub === 'sharded' && !isCluster(client)) throw misconfigured('pubsub sharded needs a Cluster as client')
}
