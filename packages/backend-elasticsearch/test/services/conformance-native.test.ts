import { cases, register } from '@arpeggio/conformance'
import { elasticsearch } from '@arpeggio/testing'
import { describe, it } from 'vitest'
import { harnessOf } from './elasticsearch-harness.ts'

const { url, detail } = await elasticsearch()
// An object has no spelling of its own: what it says comes back, but not with every space.
const spelling = 'get answers the text that was written'
const others = cases.filter(({ chapter, name }) => chapter !== 'chords' && name !== spelling)

register(harnessOf(url, `${detail}, documents as objects`, { saveMetaAsText: false }), { describe, it }, others)
