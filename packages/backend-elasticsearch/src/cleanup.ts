import type { CallOptions } from '@arpeggio/core'
import { hasExpired, stateOf } from './documents.ts'
import type { IndexRequests } from './index-requests.ts'
import { endPages, firstPage, type FoundHit, nextPage } from './pages.ts'

/** Removes at most `limit` expired documents, each only in the state in which it was seen to have expired. */
export async function cleanUp(
  requests: IndexRequests,
  nowMs: number,
  { limit, ...options }: CallOptions & { readonly limit: number },
): Promise<number> {
  const query = { range: { expiresAt: { lte: new Date(nowMs).toISOString() } } }
  let removed = 0
  let page = await firstPage(requests, query, options)
  for (;;) {
    // The index finds an expiry also where Celery has left one of an earlier document behind.
    const expired = page.hits.filter((hit) => hasExpired(hit, nowMs)).slice(0, limit - removed)
    removed += await remove(requests, expired, options)
    if (removed >= limit || page.cursor === undefined) break
    page = await nextPage(requests, page.cursor, options)
  }
  await endPages(requests, page)
  return removed
}

async function remove(requests: IndexRequests, hits: readonly FoundHit[], options: CallOptions): Promise<number> {
  const answers = await requests.bulk(
    hits.map(({ _id: key, ...hit }) => ({ key, action: 'delete', over: stateOf(hit) })),
    options,
  )
  let removed = 0
  for (const answer of answers) {
    if (typeof answer !== 'object') continue
    if ('error' in answer) throw answer.error
    removed += 1
  }
  return removed
}
