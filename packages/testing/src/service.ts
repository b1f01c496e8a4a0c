/** The stores that this package can start. */
export const SERVICE_NAMES = [
  'redis',
  'redis8',
  'valkey8',
  'redisCluster',
  'redisSentinel',
  'elasticsearch',
  'firestore',
  'gcs',
] as const
export type ServiceName = (typeof SERVICE_NAMES)[number]

/** How a store is started when no URL in the environment names one that runs already. */
export type Mode = 'container' | 'process'

/** A running store. Disposing of it stops what was started for this caller, and nothing that others share. */
export interface Service extends AsyncDisposable {
  readonly url: string
  readonly via: 'env' | Mode
  /** What runs there, for people: an image, a program and its version. */
  readonly detail: string
}

export interface ServiceOptions {
  /** Default: `TEST_SERVICES`, else a container where an engine answers, else a process. Wins over a URL in the environment. */
  readonly mode?: Mode
  /** True: a server for this caller alone, stopped when it is disposed of. Default: one for the whole test run. */
  readonly own?: boolean
}

/** The part of an environment variable's name that stands for the service: `redisCluster` is `REDIS_CLUSTER`. */
export function environmentName(name: ServiceName): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()
}

/** A store cannot be had on this machine. The message says why, and what would help. */
export class ServiceMissing extends Error {
  override readonly name = 'ServiceMissing'
}
