import type { StorageClient } from './clients.ts'
import { type Act, answerError, credentialsError, requestError } from './errors.ts'
import { Limiter } from './limiter.ts'
import type { ServerClock } from './server-clock.ts'

export interface Request {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  /** Default: that of Cloud Storage. */
  readonly endpoint?: string
  /** Behind the endpoint, encoded. */
  readonly path: string
  readonly query?: Readonly<Record<string, string>>
  readonly contentType?: string
  readonly body?: Uint8Array<ArrayBuffer> | string
  /** What it does, for people. */
  readonly what: string
  /** Answers that are no errors, beside success. */
  readonly expected?: readonly number[]
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly body: Uint8Array
}

export interface RequestLimits {
  readonly maxParallelRequests: number
  readonly timeoutMs: number
}

/**
 * Plain requests to Cloud Storage's JSON API, each sent once. The official client spends most of its time on streams and
 * checksums that small results do not need, and tries again where only the caller knows whether that is safe.
 */
export class Requests {
  readonly #client: () => Promise<StorageClient>
  readonly #clock: ServerClock
  readonly #limiter: Limiter
  readonly #timeoutMs: number
  readonly #queued = new Map<string, Promise<Answer>>()

  constructor(
    client: () => Promise<StorageClient>,
    clock: ServerClock,
    { maxParallelRequests, timeoutMs }: RequestLimits,
  ) {
    this.#client = client
    this.#clock = clock
    this.#limiter = new Limiter(maxParallelRequests)
    this.#timeoutMs = timeoutMs
  }

  async send(request: Request): Promise<Answer> {
    const client = await this.#client()
    return this.#limiter.run(() => this.#send(client, request))
  }

  /** As `send`, for a read: one that waits to be sent serves everybody who asks for the same meanwhile. */
  async read(request: Request): Promise<Answer> {
    const client = await this.#client()
    const name = `${request.path} ${request.query?.['alt'] ?? ''}`
    const queued = this.#queued.get(name)
    if (queued !== undefined) return queued
    const isSent = { now: false }
    const answer = this.#limiter.run(() => {
      // From here on it may miss what is written.
      isSent.now = true
      this.#queued.delete(name)
      return this.#send(client, request)
    })
    if (!isSent.now) this.#queued.set(name, answer)
    return answer
  }

  async json<Body>(request: Request): Promise<Body> {
    const { body } = await this.send(request)
    return JSON.parse(Buffer.from(body).toString()) as Body // as the service documents it
  }

  async #send(client: StorageClient, request: Request): Promise<Answer> {
    const { method, endpoint = client.apiEndpoint, path, query, what, expected = [] } = request
    const url = `${endpoint}${path}${query === undefined ? '' : `?${new URLSearchParams(query).toString()}`}`
    const act: Act = method === 'GET' ? 'read' : 'write'
    const headers = await headersOf(client, url, request.contentType)
    const answer = await this.#fetch(url, {
      method,
      headers,
      ...(request.body !== undefined && { body: request.body }),
    }).catch((error: unknown) => {
      throw requestError(error, { act, what })
    })
    if (answer.status >= 200 && answer.status < 300) return answer
    const text = Buffer.from(answer.body).toString()
    if (expected.includes(answer.status) && !noBucket.test(text)) return answer
    throw answerError(answer.status, text, { act, what })
  }

  async #fetch(url: string, init: RequestInit): Promise<Answer> {
    const response = await fetch(url, { ...init, signal: AbortSignal.timeout(this.#timeoutMs) })
    const body = new Uint8Array(await response.arrayBuffer())
    this.#clock.heard(Date.parse(response.headers.get('date') ?? ''))
    return { status: response.status, headers: response.headers, body }
  }
}

/** What is missing is not an object, but the place for all of them. */
const noBucket = /bucket does not exist/iu

async function headersOf(client: StorageClient, url: string, contentType: string | undefined): Promise<Headers> {
  // An emulator knows no credentials, and looking for some may take long.
  const isCustom = client.customEndpoint === true && client.useAuthWithCustomEndpoint !== true
  const isAnonymous = url.startsWith(client.apiEndpoint) ? isCustom : url.startsWith('http:')
  const headers = new Headers()
  if (!isAnonymous) {
    const own = await client.authClient.getRequestHeaders(url).catch((error: unknown) => {
      throw credentialsError(error)
    })
    for (const [name, value] of own) headers.set(name, value)
  }
  if (contentType !== undefined) headers.set('content-type', contentType)
  return headers
}
