import type { RedisOptions } from 'ioredis'
import { misconfigured } from './errors.ts'
import type { ClientOptions, ConnectionSettings, HostOptions, RedisBackendOptions, SocketOptions } from './options.ts'
import { isUrl, urlSettings } from './url.ts'

/** `replyMapping` changes the type of the client in ioredis 6, and nothing here. */
export type OwnClientOptions = Omit<RedisOptions, 'replyMapping'>

/** Celery's, where Celery has one. */
const defaults = { socketTimeoutMs: 120_000, connectTimeoutMs: 10_000 } as const
const longestReconnectMs = 1000

/** The options without an address in one string, which may also stand where a host is expected. */
export function settingsOf(options: RedisBackendOptions): ClientOptions | HostOptions | SocketOptions {
  if (options.client !== undefined) return options
  if (options.url !== undefined) return urlSettings(options.url, options)
  return options.host !== undefined && isUrl(options.host) ? urlSettings(options.host, options) : options
}

/** What ioredis is told for a connection of ours. */
export function clientOptions(settings: HostOptions | SocketOptions): OwnClientOptions {
  const { db = 0, username, password, clientName, protocol, keepAliveMs } = settings
  const { socketTimeoutMs = defaults.socketTimeoutMs, connectTimeoutMs = defaults.connectTimeoutMs } = settings
  return {
    ...placeOf(settings),
    ...given({ username, password, connectionName: clientName, protocol, keepAlive: keepAliveMs }),
    db,
    ...(socketTimeoutMs > 0 ? { socketTimeout: socketTimeoutMs } : {}),
    connectTimeout: connectTimeoutMs,
    ...ownWays,
  }
}

/**
 * A command whose connection breaks fails at once and is never sent again behind our back; core tries again, and knows
 * what that means for a write. A master that became a replica is left.
 */
const ownWays = {
  lazyConnect: true,
  maxRetriesPerRequest: 0,
  retryStrategy: (times: number): number => Math.min(longestReconnectMs, 25 * 2 ** times) * (0.5 + Math.random() / 2),
  reconnectOnError: (error: Error): boolean => error.message.startsWith('READONLY'),
} as const

function placeOf(settings: HostOptions | SocketOptions): OwnClientOptions {
  if (settings.path !== undefined) return { path: settings.path }
  const { host = 'localhost', port = 6379, tls, sentinels } = settings
  if (sentinels !== undefined) return sentinelsOf(sentinels, settings)
  return { host, port, ...given({ tls }) }
}

function sentinelsOf(sentinels: NonNullable<HostOptions['sentinels']>, settings: ConnectionSettings): OwnClientOptions {
  const { masterName, tls, sentinelTls, sentinelUsername, sentinelPassword } = settings
  if (masterName === undefined || masterName === '')
    throw misconfigured('Sentinel needs masterName, what the sentinels call the master')
  return {
    sentinels: [...sentinels],
    name: masterName,
    role: 'master',
    // One round over the sentinels; the retry strategy begins another.
    sentinelRetryStrategy: () => null,
    ...given({ tls, sentinelUsername, sentinelPassword, sentinelTLS: sentinelTls }),
    ...(sentinelTls === undefined ? {} : { enableTLSForSentinelMode: true }),
  }
}

/** Only what has a value: ioredis takes an `undefined` for an answer. */
function given<Values extends object>(values: Values): { [Name in keyof Values]?: NonNullable<Values[Name]> } {
  // Names keep the types of their values; those without one are left out.
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [Name in keyof Values]?: NonNullable<Values[Name]>
  }
}
