export type { FirestoreClient, FirestoreSettings, StorageClient } from './clients.ts'
export { gcsAdapter } from './gcs-adapter.ts'
export { GcsBackend } from './gcs-backend.ts'
export type { BucketOptions, GcsBackendOptions, GcsSettings, UrlOptions } from './options.ts'
