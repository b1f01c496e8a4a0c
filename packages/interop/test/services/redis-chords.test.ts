import { CELERY_VERSIONS } from '@arpeggio/testing'
import { afterAll, describe, it } from 'vitest'
import { chords, redisChords, redisRow, registerMatrix } from '../../src/index.ts'

for (const version of CELERY_VERSIONS)
  registerMatrix(redisRow, version, [...chords, ...redisChords], { describe, it: it.concurrent, afterAll })
