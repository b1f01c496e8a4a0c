import { randomUUID } from 'node:crypto'
import { GcsBackend } from '@arpeggio/backend-gcs'
import { firestore, gcs } from '@arpeggio/testing'
import { chords } from '../cases/chords.ts'
import type { StoreRow } from '../store-row.ts'

export const gcsRow: StoreRow = {
  name: 'GCS',
  lacks: {
    adding: 'Celery adds parts to chords in Redis only',
    capturing: 'peers fire what they complete there',
    expiry: 'Celery keeps results there for as long as the address says (gcs_ttl), not the setting',
    push: 'objects tell nobody of changes',
    repeats: 'Celery counts a part that comes again as another part',
  },
  chords,
  async start() {
    const [storage, counters] = await Promise.all([gcs(), firestore()])
    const bucket = `interop-${randomUUID()}`
    // What Firestore holds is a project's, and so nobody else's.
    const project = bucket
    await asked(`${storage.url}/storage/v1/b?project=${project}`, { name: bucket })
    const objects = `${storage.url}/storage/v1/b/${bucket}/o`
    return {
      celery: { result_backend: `gs://${bucket}?gcs_project=${project}&firestore_project=${project}` },
      environment: {
        STORAGE_EMULATOR_HOST: storage.url,
        FIRESTORE_EMULATOR_HOST: counters.url,
        GOOGLE_CLOUD_PROJECT: project,
      },
      open: () =>
        new GcsBackend({
          bucket,
          project,
          apiEndpoint: storage.url,
          firestore: { emulatorHost: counters.url },
        }),
      dump: async (end) => {
        const { items = [] } = (await asked(objects)) as { readonly items?: readonly { readonly name: string }[] } // the API's answer
        const names = items.map(({ name }) => name).filter((name) => name.endsWith(`-${end}`))
        return new Map(
          await Promise.all(
            names.map(async (name) => [name, await content(`${objects}/${encodeURIComponent(name)}`)] as const),
          ),
        )
      },
      restore: async (key, value) => {
        const url = `${storage.url}/upload/storage/v1/b/${bucket}/o?uploadType=media&name=${encodeURIComponent(key)}`
        await fetch(url, { method: 'POST', body: new Uint8Array(value) })
      },
      [Symbol.asyncDispose]: () => Promise.resolve(),
    }
  },
}

/** A request of the JSON API; with a body when there is one. */
async function asked(url: string, body?: object): Promise<unknown> {
  const headers = { 'content-type': 'application/json' }
  const response = await fetch(url, body === undefined ? {} : { method: 'POST', headers, body: JSON.stringify(body) })
  if (!response.ok) throw new Error(`${url}: ${response.status} ${await response.text()}`)
  return await response.json()
}

async function content(url: string): Promise<Buffer> {
  return Buffer.from(await (await fetch(`${url}?alt=media`)).arrayBuffer())
}
