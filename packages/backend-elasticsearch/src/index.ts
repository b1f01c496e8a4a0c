export type { ElasticsearchClient, TransportOptions, TransportRequest } from './client.ts'
export type {
  ClientOptions,
  CloudOptions,
  ConnectionSettings,
  ElasticsearchBackendOptions,
  SharedOptions,
  UrlOptions,
} from './options.ts'
export { elasticsearchAdapter } from './elasticsearch-adapter.ts'
export { ElasticsearchBackend } from './elasticsearch-backend.ts'
