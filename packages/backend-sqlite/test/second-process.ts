import { serveBackend } from '@arpeggio/conformance'
import { SqliteBackend } from '../src/index.ts'

serveBackend(new SqliteBackend({ path: process.argv[2] ?? '' }))
