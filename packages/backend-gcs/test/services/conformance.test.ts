import { register } from '@arpeggio/conformance'
import { gcs } from '@arpeggio/testing'
import { describe, it } from 'vitest'
import { Buckets } from './gcs-harness.ts'

const { url, detail } = await gcs()
const buckets = new Buckets(url)

register(buckets.harness(`${detail}, objects alone`), { describe, it })
