import { afterAll, describe, it } from 'vitest'
import { chords, elasticsearchRow, registerMatrix } from '../../src/index.ts'

registerMatrix(elasticsearchRow, '5.6.3', chords, { describe, it: it.concurrent, afterAll })
