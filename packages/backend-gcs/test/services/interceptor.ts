import { once } from 'node:events'
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request as httpRequest,
  type Server,
  type ServerResponse,
} from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'

/** One request, as far as a test cares. */
export interface Seen {
  readonly kind: 'upload' | 'head' | 'media' | 'list' | 'delete' | 'bucket' | 'commit' | 'documents' | 'policy'
  readonly method: string
  /** The object or the documents that it is about. */
  readonly names: readonly string[]
  readonly query: URLSearchParams
  readonly body: string
  readonly authorization: string | undefined
}

/** What becomes of a request: an answer that the local servers cannot give, or one that is lost after it took effect. */
export type Fate =
  | 'pass'
  | 'lose'
  | {
      readonly status: number
      readonly body?: string
      /** It takes effect all the same. */ readonly isApplied?: boolean
    }
  | { readonly delayMs: number }

/** Stands before a local server and answers in its place where a test says so, in the documented words of the service. */
export class Interceptor implements AsyncDisposable {
  readonly seen: Seen[] = []
  /** How many requests were under way together. */
  mostAtOnce = 0
  #atOnce = 0
  /** What took effect. */
  readonly applied: Seen[] = []
  fate: (seen: Seen) => Fate = () => 'pass'
  /** Done before a request goes on. */
  before: (seen: Seen) => Promise<void> = async () => undefined
  /** Told what became of a request that went on. */
  after: (seen: Seen, isApplied: boolean) => void = () => undefined
  #watchers: (() => void)[] = []
  readonly #target: URL
  readonly #server: Server

  private constructor(target: string) {
    this.#target = new URL(target)
    this.#server = createServer((request, response) => {
      this.#atOnce += 1
      this.mostAtOnce = Math.max(this.mostAtOnce, this.#atOnce)
      response.once('close', () => (this.#atOnce -= 1))
      this.#serve(request, response).catch(() => response.destroy())
    })
  }

  static async open(target: string): Promise<Interceptor> {
    const interceptor = new Interceptor(target)
    await new Promise<void>((resolve) => void interceptor.#server.listen(0, '127.0.0.1', resolve))
    return interceptor
  }

  /** `host:port`. */
  get host(): string {
    const address = this.#server.address()
    if (address === null || typeof address === 'string') throw new Error('not listening')
    return `127.0.0.1:${address.port}`
  }

  get url(): string {
    return `http://${this.host}`
  }

  count(kind: Seen['kind']): number {
    return this.seen.filter((each) => each.kind === kind).length
  }

  /** Resolves once the requests so far are as `isThere` says. */
  async until(isThere: (seen: readonly Seen[]) => boolean): Promise<void> {
    while (!isThere(this.seen)) await new Promise<void>((resolve) => this.#watchers.push(resolve))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise<void>((resolve) => void this.#server.close(() => resolve()))
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await bytesOf(request)
    const seen = seenIn(request, body)
    this.seen.push(seen)
    for (const look of this.#watchers.splice(0)) look()
    const fate = this.fate(seen)
    if (typeof fate === 'object' && 'status' in fate) {
      if (fate.isApplied === true) await this.#forward(request, body)
      response.writeHead(fate.status, { 'content-type': 'application/json' }).end(fate.body ?? '{}')
      return
    }
    if (typeof fate === 'object') await delay(fate.delayMs)
    await this.before(seen)
    const answer = await this.#forward(request, body)
    if (answer.status < 300) this.applied.push(seen)
    this.after(seen, answer.status < 300)
    if (fate === 'lose') response.destroy()
    else response.writeHead(answer.status, answer.headers).end(answer.body)
  }

  async #forward(request: IncomingMessage, body: Buffer): Promise<Forwarded> {
    const { hostname, port } = this.#target
    const headers = { ...ownOf(request.headers), 'content-length': String(body.length) }
    const sent = httpRequest({ hostname, port, path: request.url, method: request.method, headers }).end(body)
    const [answer] = (await once(sent, 'response')) as [IncomingMessage] // as node:http documents it
    const bytes = await bytesOf(answer)
    const status = answer.statusCode ?? 500
    return { status, headers: { ...ownOf(answer.headers), 'content-length': String(bytes.length) }, body: bytes }
  }
}

/** Without what is about one connection alone. */
function ownOf(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const { host: _host, connection: _connection, 'transfer-encoding': _encoding, ...own } = headers
  return own
}

interface Forwarded {
  readonly status: number
  readonly headers: Record<string, string | string[] | undefined>
  readonly body: Buffer
}

/**
 * One mutation a second of an object or document, after a burst, as the services ask for; refused in their words. What
 * fails its own condition changes nothing, and does not count.
 */
export class RateLimit {
  readonly #burst: number
  readonly #tokens = new Map<string, { left: number; at: number }>()
  refused = 0

  constructor(burst: number) {
    this.#burst = burst
  }

  /** Stands before these services. */
  guard(interceptors: readonly Interceptor[]): void {
    for (const interceptor of interceptors) {
      interceptor.fate = (seen) => this.#judge(seen)
      interceptor.after = (seen, isApplied) => {
        if (!isApplied) for (const name of seen.names) this.#giveBack(name)
      }
    }
  }

  #judge(seen: Seen): Fate {
    if (!isMutation(seen) || seen.names.every((name) => this.#take(name))) return 'pass'
    this.refused += 1
    return seen.kind === 'commit' ? contention : rateLimited
  }

  #giveBack(name: string): void {
    const tokens = this.#tokens.get(name)
    if (tokens !== undefined) tokens.left += 1
  }

  #take(name: string): boolean {
    const now = performance.now()
    const { left, at } = this.#tokens.get(name) ?? { left: this.#burst, at: now }
    const filled = Math.min(this.#burst, left + (now - at) / 1_000)
    const isAllowed = filled >= 1
    this.#tokens.set(name, { left: isAllowed ? filled - 1 : filled, at: now })
    return isAllowed
  }
}

function isMutation({ kind }: Seen): boolean {
  return kind === 'upload' || kind === 'delete' || kind === 'commit'
}

export const rateLimited: Fate = answer(429, {
  message: 'The object exceeded the rate limit for object mutation operations (create, update, and delete).',
  errors: [{ reason: 'rateLimitExceeded', domain: 'usageLimits' }],
})
export const contention: Fate = answer(409, { status: 'ABORTED', message: 'Too much contention on these documents.' })
export const overloaded: Fate = answer(503, { message: 'We encountered an internal error. Please try again.' })
export const conditionNotMet: Fate = answer(412, {
  message: 'At least one of the pre-conditions you specified did not hold.',
})

function answer(status: number, error: object): Fate {
  return { status, body: JSON.stringify({ error: { code: status, ...error } }) }
}

async function bytesOf(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of message) chunks.push(chunk as Buffer) // no encoding is set
  return Buffer.concat(chunks)
}

function seenIn(request: IncomingMessage, bytes: Buffer): Seen {
  const { pathname, searchParams: query } = new URL(request.url ?? '/', 'http://any')
  const method = request.method ?? 'GET'
  const body = bytes.toString()
  const kind = kindOf(pathname, method, query)
  return {
    method,
    query,
    body,
    kind,
    names: namesIn(kind, pathname, body),
    authorization: request.headers.authorization,
  }
}

const kinds: readonly (readonly [RegExp, Seen['kind']])[] = [
  [/^\/upload\//u, 'upload'],
  [/:commit$/u, 'commit'],
  [/\/collectionGroups\//u, 'policy'],
  [/\/documents/u, 'documents'],
  [/\/o$/u, 'list'],
]
const objectPath = /^\/storage\/v1\/b\/[^/]+\/o\/(?<name>.+)$/u

function kindOf(pathname: string, method: string, query: URLSearchParams): Seen['kind'] {
  const known = kinds.find(([pattern]) => pattern.test(pathname))?.[1]
  if (known !== undefined) return known
  if (!objectPath.test(pathname)) return 'bucket'
  if (method === 'DELETE') return 'delete'
  return query.get('alt') === 'media' ? 'media' : 'head'
}

function namesIn(kind: Seen['kind'], pathname: string, body: string): readonly string[] {
  if (kind === 'upload') return [nameIn(body)]
  if (kind === 'commit') return documentsIn(body)
  const object = objectPath.exec(pathname)?.groups?.['name']
  return object === undefined ? [] : [decodeURIComponent(object)]
}

function nameIn(body: string): string {
  const quoted = /"name":(?<name>"(?:[^"\\]|\\.)*")/u.exec(body)?.groups?.['name']
  return quoted === undefined ? '' : String(JSON.parse(quoted))
}

function documentsIn(body: string): readonly string[] {
  const { writes = [] } = JSON.parse(body) as { writes?: { update?: { name: string }; delete?: string }[] } // of the client
  return writes.map(({ update, delete: removed }) => update?.name ?? removed ?? '')
}
