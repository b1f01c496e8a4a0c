// A process in which a package cannot be found, as where it was not installed.
import { registerHooks } from 'node:module'
import { BackendError } from '@arpeggio/core'

const [apiEndpoint = '', bucket = '', missing = '', useFirestore = ''] = process.argv.slice(2)
registerHooks({
  resolve(specifier, context, next) {
    if (specifier !== missing) return next(specifier, context)
    throw Object.assign(new Error(`Cannot find package '${specifier}'`), { code: 'ERR_MODULE_NOT_FOUND' })
  },
})
const { GcsBackend } = await import('../../src/index.ts')
const firestore = useFirestore === '' ? {} : { firestore: { emulatorHost: '127.0.0.1:1' } }
await using backend = new GcsBackend({ bucket, project: 'test', apiEndpoint, ...firestore })
try {
  await backend.set({ key: 'arpeggio-chord-r:id', value: 'one' })
  console.log('written')
} catch (error) {
  console.log(BackendError.is(error) ? `${error.code}: ${error.message}` : String(error))
}
