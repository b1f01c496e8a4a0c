import { CELERY_VERSIONS } from '@arpeggio/testing'
import { afterAll, describe, it } from 'vitest'
import { elasticsearchObjectsRow, elasticsearchRow, registerMatrix } from '../../src/index.ts'

const runner = { describe: describe.concurrent, it: it.concurrent, afterAll }
for (const version of CELERY_VERSIONS) registerMatrix(elasticsearchRow, version, runner)
registerMatrix(elasticsearchObjectsRow, CELERY_VERSIONS[0], runner)
