export type { RedisClient, RedisClusterClient, RedisNodeClient } from './client.ts'
export type {
  ClientOptions,
  ConnectionSettings,
  HostOptions,
  RedisBackendOptions,
  SentinelAddress,
  SharedOptions,
  SocketOptions,
  UrlOptions,
} from './options.ts'
export { redisAdapter } from './redis-adapter.ts'
export { RedisBackend } from './redis-backend.ts'
export type { RedisNotifications } from './redis-notifications.ts'
