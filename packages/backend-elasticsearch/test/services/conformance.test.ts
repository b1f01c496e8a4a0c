import { register } from '@arpeggio/conformance'
import { elasticsearch } from '@arpeggio/testing'
import { describe, it } from 'vitest'
import { harnessOf } from './elasticsearch-harness.ts'

const { url, detail } = await elasticsearch()

register(harnessOf(url, detail), { describe, it })
