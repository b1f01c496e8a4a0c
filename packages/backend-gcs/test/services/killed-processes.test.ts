import { cases, register } from '@arpeggio/conformance'
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
