import { serveBackend } from '@arpeggio/conformance'
import { GcsBackend } from '../../src/index.ts'

const [apiEndpoint = '', bucket = '', emulatorHost = ''] = process.argv.slice(2)
const firestore = emulatorHost === '' ? {} : { firestore: { project: bucket, emulatorHost } }
serveBackend(new GcsBackend({ bucket, project: 'test', apiEndpoint, ...firestore }))
