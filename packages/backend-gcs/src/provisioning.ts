import { BackendError, type Finding } from '@arpeggio/core'
import type { FirestoreClient, FirestoreSettings } from './clients.ts'
import { isFirestoreClient, type Settings } from './options.ts'
import type { Requests } from './requests.ts'

export interface Provisioning {
  readonly requests: Requests
  readonly settings: Settings
}

interface LifecycleRule {
  readonly action?: { readonly type?: string }
  readonly condition?: { readonly daysSinceCustomTime?: number }
}

interface BucketResource {
  readonly lifecycle?: { readonly rule?: readonly LifecycleRule[] }
  readonly metageneration?: string
}

interface FieldResource {
  readonly ttlConfig?: { readonly state?: string }
}

/** `customTime` is when an object expires, so it may go a day later. */
const expiryRule: LifecycleRule = { action: { type: 'Delete' }, condition: { daysSinceCustomTime: 1 } }
const collection = 'celery'
const field = 'expires_at'

/** What is not set up so that what has expired is removed one day. */
export async function findings(provisioning: Provisioning): Promise<readonly Finding[]> {
  const found = await Promise.all([bucketFindings(provisioning), firestoreFindings(provisioning)])
  return found.flat()
}

/** Sets up what is missing, as far as the credentials allow it; `misconfigured` where they do not. */
export async function provision(provisioning: Provisioning): Promise<void> {
  if ((await bucketFindings(provisioning)).length > 0) await addExpiryRule(provisioning)
  if ((await firestoreFindings(provisioning)).length > 0) await addTtlPolicy(provisioning)
}

async function bucketFindings(provisioning: Provisioning): Promise<readonly Finding[]> {
  const { bucket } = provisioning.settings
  return orFinding(`the bucket ${bucket}`, 'the role roles/storage.legacyBucketReader on it', async () => {
    const { lifecycle } = await bucketOf(provisioning)
    if (lifecycle?.rule?.some(isExpiryRule) === true) return []
    const remedy = `echo '${JSON.stringify({ rule: [...(lifecycle?.rule ?? []), expiryRule] })}' > rules.json && gcloud storage buckets update gs://${bucket} --lifecycle-file=rules.json`
    return [
      {
        problem: `no lifecycle rule of the bucket ${bucket} deletes by custom time: expired results stay and cost`,
        remedy,
      },
    ]
  })
}

async function firestoreFindings(provisioning: Provisioning): Promise<readonly Finding[]> {
  const place = firestorePlace(provisioning.settings)
  if (place === undefined) return []
  const { project, database } = place
  return orFinding(`the TTL policies of Firestore in ${project}`, 'the role roles/datastore.indexAdmin', async () => {
    const { ttlConfig } = await provisioning.requests.json<FieldResource>({ ...fieldRequest(place), method: 'GET' })
    if (ttlConfig?.state === 'ACTIVE' || ttlConfig?.state === 'CREATING') return []
    const remedy = `gcloud firestore fields ttls update ${field} --collection-group=${collection} --enable-ttl --project=${project} --database='${database}'`
    return [
      {
        problem: `Firestore has no TTL policy on ${field} of ${collection}: what chords leave behind stays and costs`,
        remedy,
      },
    ]
  })
}

/** What may not even be looked at is a finding as well. */
async function orFinding(
  what: string,
  need: string,
  look: () => Promise<readonly Finding[]>,
): Promise<readonly Finding[]> {
  try {
    return await look()
  } catch (error) {
    if (!BackendError.is(error, 'misconfigured')) throw error
    return [{ problem: `${what} cannot be looked at: ${error.message}`, remedy: `give these credentials ${need}` }]
  }
}

function isExpiryRule({ action, condition }: LifecycleRule): boolean {
  return action?.type === 'Delete' && condition?.daysSinceCustomTime !== undefined
}

function bucketOf({ requests, settings }: Provisioning): Promise<BucketResource> {
  const path = `/storage/v1/b/${encodeURIComponent(settings.bucket)}`
  return requests.json({
    method: 'GET',
    path,
    query: { fields: 'lifecycle,metageneration' },
    what: 'reading the bucket',
  })
}

/** Nobody's rules are lost: the bucket must still be as it was read. */
async function addExpiryRule(provisioning: Provisioning): Promise<void> {
  const { requests, settings } = provisioning
  const { lifecycle, metageneration } = await bucketOf(provisioning)
  await requests.send({
    method: 'PATCH',
    path: `/storage/v1/b/${encodeURIComponent(settings.bucket)}`,
    ...(metageneration !== undefined && { query: { ifMetagenerationMatch: metageneration } }),
    contentType: 'application/json',
    body: JSON.stringify({ lifecycle: { rule: [...(lifecycle?.rule ?? []), expiryRule] } }),
    what: 'adding a lifecycle rule',
  })
}

async function addTtlPolicy({ requests, settings }: Provisioning): Promise<void> {
  const place = firestorePlace(settings)
  if (place === undefined) return
  await requests.send({
    ...fieldRequest(place),
    method: 'PATCH',
    query: { updateMask: 'ttlConfig' },
    contentType: 'application/json',
    body: JSON.stringify({ ttlConfig: {} }),
    what: 'adding a TTL policy',
  })
}

interface FirestorePlace {
  readonly project: string
  readonly database: string
  readonly endpoint: string
}

function databaseOf({ databaseId }: FirestoreClient): FirestoreSettings {
  return databaseId === undefined ? {} : { database: databaseId }
}

/** Where policies are kept; nowhere for an emulator, which has none. */
function firestorePlace({ firestore, project: ofBucket = '' }: Settings): FirestorePlace | undefined {
  if (firestore === undefined) return undefined
  const settings: FirestoreSettings = isFirestoreClient(firestore) ? databaseOf(firestore) : firestore
  const { project = ofBucket, database = '(default)', adminEndpoint } = settings
  const emulatorHost = settings.emulatorHost ?? process.env['FIRESTORE_EMULATOR_HOST']
  if (adminEndpoint === undefined && emulatorHost !== undefined) return undefined
  return { project, database, endpoint: adminEndpoint ?? 'https://firestore.googleapis.com' }
}

function fieldRequest({ project, database, endpoint }: FirestorePlace): {
  readonly endpoint: string
  readonly path: string
  readonly what: string
} {
  const path = `/v1/projects/${project}/databases/${database}/collectionGroups/${collection}/fields/${field}`
  return { endpoint, path, what: 'reading a TTL policy' }
}
