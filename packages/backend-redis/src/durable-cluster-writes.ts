import { addressOf } from './address.ts'
import type { Argument, RedisClusterClient, Reply } from './client.ts'
import type { Connection } from './connection.ts'
import { type DurabilityWanted, DurableWrites } from './durable-writes.ts'
import { nobodyHas, redirectOf } from './errors.ts'
import { keySlot } from './key-slot.ts'
import type { Script } from './scripts.ts'

export interface DurableClusterWritesOptions extends DurabilityWanted {
  readonly client: RedisClusterClient
  /** That client's. */
  readonly connection: Connection
}

/** While one master takes the place of another, each may send a write to the other; a later try finds them agreed. */
const mostHops = 3

/** Durable writes to a cluster: each master has a connection for them, because only that can say how durable they are. */
export class DurableClusterWrites {
  readonly #options: DurableClusterWritesOptions
  readonly #masters = new Map<string, DurableWrites>()

  constructor(options: DurableClusterWritesOptions) {
    this.#options = options
  }

  async script(script: Script, keys: readonly string[], args: readonly Argument[]): Promise<Reply> {
    const [key = ''] = keys
    let address = this.#home(key) ?? (await this.#located(key))
    for (let hops = 0; hops < mostHops; hops += 1) {
      try {
        return await this.#at(address).script(script, keys, args)
      } catch (error) {
        const redirect = redirectOf(error)
        if (redirect?.kind === 'ASK') return await this.#at(redirect.address).asked(script, keys, args)
        // Whatever has become of the master, the next try goes to the one that the slot has now.
        const home = await this.#located(key).catch(() => undefined)
        if (redirect === undefined || home === undefined) throw error
        address = home
      }
    }
    return nobodyHas(key, this.#options.connection.address)
  }

  async close(): Promise<void> {
    await Promise.all([...this.#masters.values()].map((master) => master.close()))
  }

  /** The master of a key's slot as far as the client of the cluster knows. */
  #home(key: string): string | undefined {
    return this.#options.client.slots[keySlot(key)]?.[0]
  }

  /** The client of the cluster finds out where a key is when it has to do with it. */
  async #located(key: string): Promise<string> {
    const { connection } = this.#options
    await connection.run('exists', [key])
    return this.#home(key) ?? nobodyHas(key, connection.address)
  }

  #at(address: string): DurableWrites {
    const known = this.#masters.get(address)
    if (known !== undefined && !known.isOver) return known
    const { client: cluster, connection, ...wanted } = this.#options
    const client = cluster.nodes('all').find(({ options: { host, port } }) => `${host}:${port}` === address)
    if (client === undefined) return nobodyHas(address, connection.address)
    const master = new DurableWrites({ ...wanted, client, address: addressOf(client) })
    this.#masters.set(address, master)
    return master
  }
}
