import type { BulkOutcome, CallOptions, Key } from '@arpeggio/core'
import type { ElasticsearchClient, TransportRequest } from './client.ts'
import { type Hit, type SequenceNumber, versionOf } from './documents.ts'
import { aborted, answered, disposed, type Reason, toBackendError, unanswered } from './errors.ts'
import { packed } from './packed.ts'

/** One line, or two, of a bulk request. */
export interface Operation {
  readonly key: Key
  readonly action: 'create' | 'index' | 'delete'
  readonly over?: SequenceNumber | undefined
  readonly source?: string
  readonly expiresAtMs?: number | undefined
}

/** `conflict`: the document is not in the state that the operation asked for. */
export type Answer = BulkOutcome | 'conflict' | 'missing'

interface BulkItem extends Hit {
  readonly status: number
  readonly error?: Reason
}

interface MgetItem extends Hit {
  readonly error?: Reason
}

/** So large a request is worth sending, if it can be cut. */
const worthSendingBytes = 8 * 1024 * 1024

/** Everything that is asked of the server, with its errors in the words of the contract. */
export class IndexRequests {
  readonly index: string
  readonly address: string
  readonly #client: () => ElasticsearchClient
  readonly #packBytes: number
  #isClosed = false

  constructor(client: () => ElasticsearchClient, options: IndexRequestsOptions) {
    this.index = options.index
    this.address = options.address
    this.#client = client
    this.#packBytes = Math.min(options.maxRequestBytes, worthSendingBytes)
  }

  close(): void {
    this.#isClosed = true
  }

  /** The answer is what the request's own documentation says, of which the caller names what it reads. */
  async send<Response>(request: TransportRequest, { signal, maxRetries }: SendOptions = {}): Promise<Response> {
    this.#check(signal)
    try {
      const options = { ...(signal && { signal }), ...(maxRetries !== undefined && { maxRetries }) }
      return (await this.#client().transport.request(request, options)) as Response // see above
    } catch (error) {
      throw toBackendError(error, { address: this.address, signal, isDisposed: this.#isClosed })
    }
  }

  /** The path of something that belongs to the index. */
  path(name: string): string {
    return `/${encodeURIComponent(this.index)}/${name}`
  }

  /** Reads by id, which sees every write that was answered, refreshed or not. In the order of `keys`. */
  async mget(
    keys: readonly Key[],
    options: CallOptions & { readonly members?: readonly string[] } = {},
  ): Promise<readonly Hit[]> {
    if (keys.length === 0) return []
    const { docs = [] } = await this.send<{ readonly docs?: readonly MgetItem[] }>(
      {
        method: 'POST',
        path: this.path('_mget'),
        body: { ids: keys },
        ...(options.members && { querystring: { _source_includes: options.members.join(',') } }),
      },
      options,
    )
    const broken = docs.find(({ error }) => error !== undefined && error.type !== 'index_not_found_exception')
    if (broken?.error !== undefined) throw answered(503, broken.error, this.address)
    if (docs.length !== keys.length) throw unanswered(this.address)
    return docs
  }

  /** Each operation has its own answer, in their order. What fails a request fails the operations in it. */
  async bulk(operations: readonly Operation[], options?: CallOptions): Promise<readonly Answer[]> {
    this.#check(options?.signal)
    const lines = operations.map(linesOf)
    const packs = packed(lines, this.#packBytes)
    const answers = await Promise.all(
      packs.map(([from, to]) => this.#bulk(lines.slice(from, to).join(''), to - from, options)),
    )
    return answers.flat().map((item, at) => this.#answerOf(item, operations[at]))
  }

  async #bulk(
    lines: string,
    count: number,
    options?: CallOptions,
  ): Promise<readonly (BulkItem | { error: unknown })[]> {
    const request = {
      method: 'POST',
      path: this.path('_bulk'),
      querystring: { filter_path: 'items.*.status,items.*.error,items.*._seq_no,items.*._primary_term' },
      bulkBody: lines,
    }
    try {
      // Repeated by the client, a write could meet itself.
      const { items = [] } = await this.send<BulkResponse>(request, { ...options, maxRetries: 0 })
      return Array.from(
        { length: count },
        (_, at) => Object.values(items[at] ?? {})[0] ?? { error: unanswered(this.address) },
      )
    } catch (error) {
      return Array.from({ length: count }, () => ({ error }))
    }
  }

  #check(signal: AbortSignal | undefined): void {
    if (this.#isClosed) throw disposed()
    if (signal?.aborted === true) throw aborted(signal)
  }

  #answerOf(item: BulkItem | { readonly error: unknown }, operation: Operation | undefined): Answer {
    if (!('status' in item)) return item
    if (item.status === 409) return 'conflict'
    if (item.status === 404 && operation?.action === 'delete') return 'missing'
    const version = item.status < 300 ? versionOf(item, operation?.expiresAtMs) : undefined
    return version === undefined
      ? { error: answered(item.status, item.error ?? {}, this.address, item.error) }
      : { written: true, version }
  }
}

export interface IndexRequestsOptions {
  readonly index: string
  readonly address: string
  readonly maxRequestBytes: number
}

interface SendOptions extends CallOptions {
  readonly maxRetries?: number
}

/** Each item names its action: `{"create": {…}}`. */
interface BulkResponse {
  readonly items?: readonly Readonly<Record<string, BulkItem>>[]
}

function linesOf({ key, action, over, source }: Operation): string {
  const head = JSON.stringify({ [action]: { _id: key, ...over } })
  return source === undefined ? `${head}\n` : `${head}\n${source}\n`
}
