import { register } from '@arpeggio/conformance'
import { elasticsearch } from '@arpeggio/testing'
import { Client } from 'elasticsearch-8'
import { afterAll, describe, it } from 'vitest'
import { harnessOf } from './elasticsearch-harness.ts'

// The lowest version of the range, which a server of version 9 still understands.
const { url, detail } = await elasticsearch()
const client = new Client({ node: url })
afterAll(() => client.close())

register(harnessOf(client, `${detail}, the application's client 8.2.1`), { describe, it })
