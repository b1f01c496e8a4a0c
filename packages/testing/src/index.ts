export {
  celery,
  elasticsearch,
  firestore,
  gcs,
  redis,
  redis8,
  redisCluster,
  redisSentinel,
  valkey8,
  type Celery,
} from './services.ts'
export { ServiceMissing, type Mode, type Service, type ServiceName, type ServiceOptions } from './service.ts'
export { CELERY_VERSIONS, type CeleryVersion } from './celery-environment.ts'
export { SENTINEL_MASTER } from './redis-topology.ts'
export { restartableRedis, type RestartableRedis } from './restartable-redis.ts'
export { orSkip, type SkipContext } from './or-skip.ts'
export { faultProxy, type CutAfter, type FaultProxy } from './fault-proxy.ts'
