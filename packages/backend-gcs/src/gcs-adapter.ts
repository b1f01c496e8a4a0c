import type { Adapter } from '@arpeggio/core'
import { GcsBackend } from './gcs-backend.ts'

/** Opens Celery's addresses of Cloud Storage: `gs://bucket/path?gcs_project=…`. */
export const gcsAdapter: Adapter = {
  schemes: ['gs'],
  package: '@arpeggio/backend-gcs',
  open: async (url) => new GcsBackend({ url }),
}
