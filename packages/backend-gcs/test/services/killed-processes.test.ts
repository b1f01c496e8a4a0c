import { cases, type Harness, register } from '@arpeggio/conformance'
import { firestore, gcs } from '@arpeggio/testing'
import { describe, it } from 'vitest'
import { Buckets } from './gcs-harness.ts'

const { url } = await gcs()
const { url: emulatorHost } = await firestore()
const buckets = new Buckets(url)

// A process takes its time to start: the points where most is at stake must do.
const telling = ['its message is lost', 'a sweep']
const killed = cases.filter(({ name }) => name.includes('killed') && telling.some((words) => name.includes(words)))

register(buckets.processes('objects alone, whose processes are killed,'), { describe, it: it.concurrent }, killed)
register(
  buckets.processes('Firestore, whose processes are killed,', emulatorHost),
  { describe, it: it.concurrent },
  killed,
)

/** A handle in another process does not forward what counts parts: only those that die have one of their own. */
const sharing: Harness = {
  ...buckets.processes('Firestore shared with Celery, whose processes are killed,', emulatorHost),
  openAnother: async (first) => first,
  sharing: { peers: 'celery', chordGraceSeconds: 0 },
}
// What the ledger itself does in these processes is what differs.
const counting = ['after its result is stored', 'after its slot is filled', 'after the chord is claimed']
const isFull = process.env['TEST_FULL'] === '1'
register(
  sharing,
  { describe, it: it.concurrent },
  killed.filter(({ name }) => isFull || counting.some((words) => name.includes(words))),
)
