import { randomUUID } from 'node:crypto'
import { cases, register } from '@arpeggio/conformance'
import { firestore as startFirestore, gcs } from '@arpeggio/testing'
import { Firestore } from '@google-cloud/firestore'
import { afterAll, describe, it } from 'vitest'
import { Buckets } from './gcs-harness.ts'

const { url, detail } = await gcs()
const { url: host, detail: emulator } = await startFirestore()
const firestore = new Firestore({ projectId: `test-${randomUUID()}`, host, ssl: false })
afterAll(() => firestore.terminate())

const harness = new Buckets(url).harness(`${detail} with the ${emulator}, shared with Celery`, { firestore })
// Whatever a peer might be about to do, none is there.
const sharing = { peers: 'celery', chordGraceSeconds: 0 } as const
// The mode is about nothing else.
const chords = cases.filter(({ chapter }) => chapter === 'chords')
register({ ...harness, sharing }, { describe, it }, chords)
