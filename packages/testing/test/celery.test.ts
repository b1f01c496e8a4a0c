import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { celery, CELERY_VERSIONS, orSkip } from '@arpeggio/testing'

it.for(CELERY_VERSIONS)('imports Celery %s in its Python environment', async (version, context) => {
  const { python } = await orSkip(celery({ version }), context)
  const { stdout } = await promisify(execFile)(python, ['-c', 'import celery; print(celery.__version__)'])
  expect(stdout.trim()).toBe(version)
})
