import { register } from '@arpeggio/conformance'
import { describe, it } from 'vitest'
import { memoryHarness } from './memory-harness.ts'

// Fast enough for thousands of what other stores try a few times.
register({ ...memoryHarness(), rounds: 1000 }, { describe, it })
