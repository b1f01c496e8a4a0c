import { CELERY_VERSIONS } from '@arpeggio/testing'
import { afterAll, describe, it } from 'vitest'
import { cases, elasticsearchRow, registerMatrix } from '../../src/index.ts'

for (const version of CELERY_VERSIONS)
  registerMatrix(elasticsearchRow, version, cases, { describe, it: it.concurrent, afterAll })
