import type { CallOptions } from '@arpeggio/core'
import { BackendError } from '@arpeggio/core'
import { presenceMembers, type Hit } from './documents.ts'
import type { IndexRequests } from './index-requests.ts'

/** What a search finds, the keys among it. */
export interface FoundHit extends Hit {
  readonly _id: string
}

export interface Page {
  readonly hits: readonly FoundHit[]
  /** Absent on the last page. */
  readonly cursor?: string
}

interface SearchResponse {
  readonly _scroll_id?: string
  readonly hits: { readonly hits: readonly FoundHit[] }
}

const pageSize = 1000
/** How long the server keeps what it found between two pages. */
const keepAlive = '1m'

/** Searches see what was refreshed, so that comes first: everything that was written before is found. */
export async function firstPage(requests: IndexRequests, query: object, options?: CallOptions): Promise<Page> {
  const querystring = { ignore_unavailable: true }
  await requests.send({ method: 'POST', path: requests.path('_refresh'), querystring }, options)
  const response = await requests.send<SearchResponse>(
    {
      method: 'POST',
      path: requests.path('_search'),
      querystring: { ...querystring, scroll: keepAlive },
      body: { query, size: pageSize, sort: ['_doc'], seq_no_primary_term: true, _source: presenceMembers },
    },
    options,
  )
  return pageOf(requests, response)
}

export async function nextPage(requests: IndexRequests, cursor: string, options?: CallOptions): Promise<Page> {
  const body = { scroll: keepAlive, scroll_id: cursor }
  return pageOf(
    requests,
    await requests.send<SearchResponse>({ method: 'POST', path: '/_search/scroll', body }, options),
  )
}

/** Frees what the server keeps for a search that nobody goes on with. It would do so by itself a little later. */
export async function endPages(requests: IndexRequests, { cursor }: Page): Promise<void> {
  if (cursor === undefined) return
  try {
    await requests.send({ method: 'DELETE', path: '/_search/scroll', body: { scroll_id: cursor } })
  } catch (error) {
    if (!BackendError.is(error)) throw error
  }
}

async function pageOf(requests: IndexRequests, { _scroll_id: cursor, hits: { hits } }: SearchResponse): Promise<Page> {
  if (cursor === undefined) return { hits }
  const page = { hits, cursor }
  if (hits.length === pageSize) return page
  await endPages(requests, page)
  return { hits }
}
