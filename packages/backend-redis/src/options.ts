import type { ConnectionOptions } from 'node:tls'
import type { RedisClient } from './client.ts'

/** What an acknowledged write survives. */
export type Durability =
  /** The death of any client. A fail-over or a crash of the server may take the last writes, as its persistence is set up. */
  | 'fast'
  /** The loss of the master: as many replicas as `replicas` hold the write. */
  | 'replicated'
  /** A crash or power loss of the server too: the write is in its append-only file, synced. Redis 7.2 or newer, or Valkey. */
  | 'fsynced'

/** What goes with every way to reach a server. */
export interface SharedOptions {
  /** Default: `fast`. */
  readonly durability?: Durability
  /** How many replicas must hold a `replicated` or `fsynced` write. Default: 1 for `replicated`, 0 for `fsynced`. */
  readonly replicas?: number
  /** How long a write waits to become durable before it is `uncertain`. Default: 5000. */
  readonly durableWithinMs?: number
  /** Whether parts of chords that Celery shares are kept in slot order: its `result_chord_ordered`. Default: true. */
  readonly chordOrdered?: boolean
  /** How often the subscriber connection is asked whether it lives; it is rebuilt when an answer stays away that long. Default: 5000. */
  readonly heartbeatMs?: number
}

/** How a connection of ours is made. The defaults are Celery's. */
export interface ConnectionSettings extends SharedOptions {
  readonly port?: number
  /** Ignored where a `redis://` address says it, if only by saying nothing: that means 0. */
  readonly db?: number
  readonly username?: string
  readonly password?: string
  /** Node's TLS options, for `rediss://` or to turn TLS on. */
  readonly tls?: ConnectionOptions
  /** How many connections carry the commands, in turns. Default: 1. */
  readonly maxConnections?: number
  /** A connection that owes an answer and is silent for so long is given up. Default: 120,000; 0 for never. */
  readonly socketTimeoutMs?: number
  /** Default: 10,000. */
  readonly connectTimeoutMs?: number
  /** TCP keep-alive, and after how long it begins. Default: off, as in Celery. */
  readonly keepAliveMs?: number
  /** What `CLIENT LIST` shows. */
  readonly clientName?: string
  /** Default: what the client chooses. */
  readonly protocol?: 2 | 3
  /** What the sentinels call the master. Needed for `sentinel://`. */
  readonly masterName?: string
  readonly sentinelUsername?: string
  /** Default: the password in the address of each sentinel is that of the master alone. */
  readonly sentinelPassword?: string
  /** TLS for the sentinels as well. */
  readonly sentinelTls?: ConnectionOptions
}

/** An address as Celery takes it: `redis:`, `rediss:`, `redis+socket:`, `socket:` or `sentinel:`. */
export interface UrlOptions extends ConnectionSettings {
  readonly url: string
  readonly host?: never
  readonly path?: never
  readonly sentinels?: never
  readonly client?: never
}

export interface HostOptions extends ConnectionSettings {
  /** Default: localhost. */
  readonly host?: string
  readonly sentinels?: readonly SentinelAddress[]
  readonly url?: never
  readonly path?: never
  readonly client?: never
}

export interface SocketOptions extends Omit<ConnectionSettings, 'port' | 'tls'> {
  /** Of a Unix socket. */
  readonly path: string
  readonly url?: never
  readonly host?: never
  readonly sentinels?: never
  readonly client?: never
}

/** A client of the application: never closed, and never put into subscriber mode. */
export interface ClientOptions extends SharedOptions {
  readonly client: RedisClient
  /** `sharded` publishes in the slot of each key (Redis 7). Every reader must know; Celery does not. Default: `plain`. */
  readonly pubsub?: 'plain' | 'sharded'
  readonly url?: never
  readonly host?: never
  readonly path?: never
  readonly sentinels?: never
}

export interface SentinelAddress {
  readonly host: string
  readonly port: number
}

/** Exactly one way to reach the server. */
export type RedisBackendOptions = UrlOptions | HostOptions | SocketOptions | ClientOptions
