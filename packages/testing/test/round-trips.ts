import assert from 'node:assert/strict'
import { Client } from '@elastic/elasticsearch'
import { Firestore } from '@google-cloud/firestore'
import { Storage } from '@google-cloud/storage'
import { Cluster, Redis } from 'ioredis'
import { SENTINEL_MASTER, type Service } from '@arpeggio/testing'

/** Writes something with the store's own client and gets it back. */
export type RoundTrip = (service: Service) => Promise<void>

export const redisRoundTrip: RoundTrip = async ({ url }) => {
  const client = new Redis(url)
  try {
    await client.set('round-trip', 'ü')
    assert.equal(await client.getdel('round-trip'), 'ü')
  } finally {
    client.disconnect()
  }
}

export const clusterRoundTrip: RoundTrip = async ({ url }) => {
  const client = new Cluster([url])
  try {
    const keys = Array.from({ length: 30 }, (_, index) => `key ${index}`)
    await Promise.all(keys.map((key) => client.set(key, key)))
    assert.deepEqual(await Promise.all(keys.map((key) => client.getdel(key))), keys)
    assert.equal(client.nodes('master').length, 3)
  } finally {
    client.disconnect()
  }
}

export const sentinelRoundTrip: RoundTrip = async ({ url }) => {
  const sentinels = url.split(';').map((address) => {
    const { hostname: host, port } = new URL(address)
    return { host, port: Number(port) }
  })
  const client = new Redis({ sentinels, name: SENTINEL_MASTER })
  try {
    await client.set('round-trip', 'kept')
    assert.equal(await client.getdel('round-trip'), 'kept')
    assert.match(await client.info('replication'), /role:master\r\nconnected_slaves:1\r/)
  } finally {
    client.disconnect()
  }
}

export const elasticsearchRoundTrip: RoundTrip = async ({ url }) => {
  const client = new Client({ node: url })
  try {
    const place = { index: 'round-trip', id: 'a/b' }
    await client.index({ ...place, document: { kept: true } })
    const { _source: source } = await client.get(place)
    assert.deepEqual(source, { kept: true })
    await client.indices.delete({ index: 'round-trip' })
  } finally {
    await client.close()
  }
}

export const firestoreRoundTrip: RoundTrip = async ({ url }) => {
  const [host, port] = url.split(':')
  const client = new Firestore({ projectId: 'round-trip', host: `${host}:${port}`, ssl: false, preferRest: false })
  try {
    const document = client.collection('round').doc('trip')
    await document.set({ kept: true })
    assert.deepEqual((await document.get()).data(), { kept: true })
    await document.delete()
  } finally {
    await client.terminate()
  }
}

export const gcsRoundTrip: RoundTrip = async ({ url }) => {
  const client = new Storage({ apiEndpoint: url, projectId: 'round-trip' })
  const [bucket] = await client.createBucket(`round-trip-${process.pid}`)
  const file = bucket.file('a folder/ü')
  await file.save('kept', { resumable: false })
  const [content] = await file.download()
  assert.equal(content.toString('utf8'), 'kept')
  await file.delete()
  await bucket.delete()
}
