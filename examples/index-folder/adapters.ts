import type { Adapter } from '@arpeggio/core'

/** The stores that the program knows. Of their clients only that of the one that is named is loaded: some take a second. */
export const adapters: readonly Adapter[] = [
  onDemand(['sqlite'], async () => (await import('@arpeggio/backend-sqlite')).sqliteAdapter),
  onDemand(['memory'], async () => (await import('@arpeggio/backend-memory')).memoryAdapter),
  onDemand(['redis', 'rediss', 'redis+socket', 'socket', 'sentinel'], async () => {
    return (await import('@arpeggio/backend-redis')).redisAdapter
  }),
  onDemand(['elasticsearch'], async () => (await import('@arpeggio/backend-elasticsearch')).elasticsearchAdapter),
  onDemand(['gs'], async () => (await import('@arpeggio/backend-gcs')).gcsAdapter),
]

function onDemand(schemes: readonly string[], load: () => Promise<Adapter>): Adapter {
  return { schemes, package: '', open: async (url) => (await load()).open(url) }
}
