import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { celery, orSkip } from '@arpeggio/testing'

it('imports Celery 5.6.3 in its Python environment', async (context) => {
  const { python } = await orSkip(celery(), context)
  const { stdout } = await promisify(execFile)(python, ['-c', 'import celery; print(celery.__version__)'])
  expect(stdout.trim()).toBe('5.6.3')
})
