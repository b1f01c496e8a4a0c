import { elasticsearchProcess } from './elasticsearch-process.ts'
import { firestoreProcess } from './firestore-process.ts'
import { gcsProcess } from './gcs-process.ts'
import { newerRedisProcess } from './newer-redis.ts'
import { redisProcess } from './redis-process.ts'
import { redisClusterProcess, redisSentinelProcess } from './redis-topology-process.ts'
import type { Service, ServiceName } from './service.ts'

const STARTERS: Readonly<Record<ServiceName, () => Promise<Service>>> = {
  redis: redisProcess,
  redis8: () => newerRedisProcess('redis8'),
  valkey8: () => newerRedisProcess('valkey8'),
  redisCluster: redisClusterProcess,
  redisSentinel: redisSentinelProcess,
  elasticsearch: elasticsearchProcess,
  firestore: firestoreProcess,
  gcs: gcsProcess,
}

/** Starts the service's own server program on this machine, which is fetched first if it is missing. */
export function startProcess(name: ServiceName): Promise<Service> {
  return STARTERS[name]()
}
