import { describe, expect, it } from 'vitest'
import {
  elasticsearch,
  firestore,
  gcs,
  orSkip,
  redis,
  redis8,
  redisCluster,
  redisSentinel,
  valkey8,
} from '@arpeggio/testing'
import {
  clusterRoundTrip,
  elasticsearchRoundTrip,
  firestoreRoundTrip,
  gcsRoundTrip,
  redisRoundTrip,
  sentinelRoundTrip,
} from './round-trips.ts'

const SERVICES = [
  { name: 'Redis', start: redis, roundTrip: redisRoundTrip },
  { name: 'Redis 8', start: redis8, roundTrip: redisRoundTrip },
  { name: 'Valkey 8', start: valkey8, roundTrip: redisRoundTrip },
  { name: 'Redis Cluster', start: redisCluster, roundTrip: clusterRoundTrip },
  { name: 'Redis Sentinel', start: redisSentinel, roundTrip: sentinelRoundTrip },
  { name: 'Elasticsearch', start: elasticsearch, roundTrip: elasticsearchRoundTrip },
  { name: 'Firestore', start: firestore, roundTrip: firestoreRoundTrip },
  { name: 'Cloud Storage', start: gcs, roundTrip: gcsRoundTrip },
]

for (const mode of ['container', 'process'] as const) {
  describe(`as a ${mode}`, () => {
    for (const { name, start, roundTrip } of SERVICES) {
      it(`${name} keeps what its client writes`, async (context) => {
        const service = await orSkip(start({ mode }), context)
        expect(service.via).toBe(mode)
        await roundTrip(service)
      })
    }
  })
}
