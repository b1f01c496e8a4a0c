import { CELERY_VERSIONS } from '@arpeggio/testing'
import { afterAll, describe, it } from 'vitest'
import { cases, gcsRow, registerMatrix } from '../../src/index.ts'

for (const version of CELERY_VERSIONS) registerMatrix(gcsRow, version, cases, { describe, it: it.concurrent, afterAll })
