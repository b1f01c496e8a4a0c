import { register } from '@arpeggio/conformance'
import { describe, it } from 'vitest'
import { memoryHarness } from './memory-harness.ts'

register(memoryHarness(), { describe, it })
