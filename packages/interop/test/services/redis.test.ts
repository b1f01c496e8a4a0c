import { afterAll, describe, it } from 'vitest'
import { CELERY_VERSIONS } from '@arpeggio/testing'
import { cases, redisRow, registerMatrix } from '../../src/index.ts'

for (const version of CELERY_VERSIONS)
  registerMatrix(redisRow, version, cases, { describe, it: it.concurrent, afterAll })
