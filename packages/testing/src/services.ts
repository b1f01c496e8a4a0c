import { BROKER_VARIABLE, type BrokerAnswer } from './broker.ts'
import { type CeleryVersion, setupCelery } from './celery-environment.ts'
import { ServiceMissing, type Mode, type Service, type ServiceName, type ServiceOptions } from './service.ts'
import { startService } from './start-service.ts'

/** Redis. `TEST_REDIS_URL` names one that runs already. */
export function redis(options?: ServiceOptions): Promise<Service> {
  return service('redis', options)
}

/** Redis 8. `TEST_REDIS8_URL` names one that runs already. */
export function redis8(options?: ServiceOptions): Promise<Service> {
  return service('redis8', options)
}

/** Valkey 8. `TEST_VALKEY8_URL` names one that runs already. */
export function valkey8(options?: ServiceOptions): Promise<Service> {
  return service('valkey8', options)
}

/** A Redis Cluster of three masters and three replicas. The URL is that of one node. */
export function redisCluster(options?: ServiceOptions): Promise<Service> {
  return service('redisCluster', options)
}

/** A master, a replica and three sentinels. The URL is `sentinel://host:port;sentinel://…`, the master SENTINEL_MASTER. */
export function redisSentinel(options?: ServiceOptions): Promise<Service> {
  return service('redisSentinel', options)
}

/** Elasticsearch on one node, without security. The program that runs as a process lacks the optional modules. */
export function elasticsearch(options?: ServiceOptions): Promise<Service> {
  return service('elasticsearch', options)
}

/** The Firestore emulator. The URL is `host:port`, as FIRESTORE_EMULATOR_HOST has it. */
export function firestore(options?: ServiceOptions): Promise<Service> {
  return service('firestore', options)
}

/** A server of Cloud Storage's JSON API. The URL is what clients call `apiEndpoint`. */
export function gcs(options?: ServiceOptions): Promise<Service> {
  return service('gcs', options)
}

export interface Celery {
  /** The Python that imports Celery. Run its programs as `python -m celery …`. */
  readonly python: string
  readonly detail: string
}

/** A Python environment with Celery and the clients of its result stores, all in pinned versions. */
export async function celery(options: { readonly version?: CeleryVersion } = {}): Promise<Celery> {
  const { version = '5.6.3' } = options
  const { url, detail } = (await fromBroker(`celery-${version}`)) ?? (await setupCelery(version))
  return { python: url, detail }
}

/** The shared service of this run, or one of its own for who asks for that or is not in a run. */
async function service(name: ServiceName, { mode, own = false }: ServiceOptions = {}): Promise<Service> {
  const shared = own ? undefined : await fromBroker(name, mode)
  return shared ?? startService(name, mode)
}

async function fromBroker(name: string, mode?: Mode): Promise<Service | undefined> {
  const broker = process.env[BROKER_VARIABLE]
  if (broker === undefined || broker === '') return undefined
  const response = await fetch(`${broker}/${name}${mode === undefined ? '' : `?mode=${mode}`}`)
  const answer = (await response.json()) as BrokerAnswer // our own broker's words
  if (!('problem' in answer)) return { ...answer, [Symbol.asyncDispose]: () => Promise.resolve() }
  throw answer.isMissing ? new ServiceMissing(answer.problem) : new Error(answer.problem)
}
