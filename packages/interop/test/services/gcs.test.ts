import { CELERY_VERSIONS } from '@arpeggio/testing'
import { afterAll, describe, it } from 'vitest'
import { gcsRow, registerMatrix } from '../../src/index.ts'

for (const version of CELERY_VERSIONS)
  registerMatrix(gcsRow, version, { describe: describe.concurrent, it: it.concurrent, afterAll })
