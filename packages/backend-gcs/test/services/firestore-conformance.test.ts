import { randomUUID } from 'node:crypto'
import { register } from '@arpeggio/conformance'
import { firestore as startFirestore, gcs } from '@arpeggio/testing'
import { Firestore } from '@google-cloud/firestore'
import { afterAll, describe, it } from 'vitest'
import { Buckets } from './gcs-harness.ts'

const { url, detail } = await gcs()
const { url: host, detail: emulator } = await startFirestore()
const firestore = new Firestore({ projectId: `test-${randomUUID()}`, host, ssl: false })
afterAll(() => firestore.terminate())

register(new Buckets(url).harness(`${detail} with the ${emulator}`, { firestore }), { describe, it })
