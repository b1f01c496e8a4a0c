/** What is used of an ioredis client, so that any copy of ioredis 5 or 6 can be passed in. */
interface AnyRedisClient {
  readonly status: string
  /** Its `buffer` sends a command past the client's auto-pipelining and answers with bytes. */
  createBuiltinCommand(name: string): { readonly buffer: unknown }
  on(event: string, listener: (...details: unknown[]) => void): unknown
  off(event: string, listener: (...details: unknown[]) => void): unknown
  connect(): Promise<void>
  disconnect(reconnect?: boolean): void
}

/** An ioredis `Redis`: one server, or the master that Sentinel names. */
export interface RedisNodeClient extends AnyRedisClient {
  readonly isCluster: false | boolean
  readonly options: NodeOptions
  /** The socket; absent before there is one. */
  readonly stream?: { cork(): void; uncork(): void }
  duplicate(override: object): RedisNodeClient
}

/** An ioredis `Cluster`. */
export interface RedisClusterClient extends AnyRedisClient {
  readonly isCluster: boolean
  readonly options: { readonly keyPrefix?: string | undefined }
  /** By slot: the addresses of its nodes, the master first; none before the client has heard of any. */
  readonly slots: readonly (readonly string[] | undefined)[]
  nodes(role: 'all' | 'master'): readonly RedisNodeClient[]
}

export type RedisClient = RedisNodeClient | RedisClusterClient

/** What is read of a client's options. */
export interface NodeOptions {
  readonly keyPrefix?: string | undefined
  readonly host?: string | undefined
  readonly port?: number | undefined
  readonly path?: string | undefined
  readonly db?: number | undefined
  readonly username?: string | null | undefined
  readonly password?: string | null | undefined
  readonly tls?: object | undefined
  readonly sentinels?:
    | readonly { readonly host?: string | undefined; readonly port?: number | undefined }[]
    | null
    | undefined
  readonly name?: string | null | undefined
}

export type Argument = string | Buffer | number

/** What RESP makes of the commands used here: none of them answers with a map or a double. */
export type Reply = Buffer | number | string | null | readonly Reply[]

export type Command = (name: string, args: readonly Argument[]) => Promise<Reply>

export function isCluster(client: RedisClient): client is RedisClusterClient {
  return client.isCluster && 'nodes' in client
}

/**
 * The commands of a client, as bytes. They never join the client's auto-pipelines: those wait for one batch before they send
 * the next, and on a cluster some versions sort a script by its digest instead of its key.
 */
export function commandsOf(client: RedisClient): Command {
  const known = new Map<string, (...args: readonly Argument[]) => Promise<Reply>>()
  return (name, args) => {
    let send = known.get(name)
    if (send === undefined) {
      // What ioredis makes here is a method of its client, typed as anything.
      const method = client.createBuiltinCommand(name).buffer as (
        this: RedisClient,
        ...args: readonly Argument[]
      ) => Promise<Reply>
      send = method.bind(client)
      known.set(name, send)
    }
    return send(...args)
  }
}

export function textOf(reply: Reply | undefined): string {
  return Buffer.isBuffer(reply) ? reply.toString('utf8') : String(reply)
}

/** The members of an answer that is a list. */
export function listOf(reply: Reply | undefined): readonly Reply[] {
  return Array.isArray(reply) ? reply : []
}
