import {
  createServer,
  request as httpRequest,
  type IncomingHttpHeaders,
  type Server,
  type ServerResponse,
} from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'

export interface Request {
  readonly method: string
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

export interface Response {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** What becomes of a request. Nothing: it passes. */
export interface Fault {
  /** Answers in the server's place, which hears nothing of it. */
  readonly instead?: Pick<Response, 'status' | 'body'>
  /** Never answers. */
  readonly stalls?: boolean
  /** Happens before the server hears of the request. */
  readonly beforehand?: () => Promise<unknown>
  /** The server has done what it was asked; this comes of its answer. `lost`: nothing, the connection ends. */
  readonly afterwards?: 'lost' | ((response: Response) => Partial<Response> & { readonly cutAfter?: number })
}

/** An HTTP proxy that keeps what was asked of it and does harm on demand. */
export class HttpProxy implements AsyncDisposable {
  readonly requests: Request[] = []
  /** Asked for every request. */
  fault: (request: Request) => Fault | undefined = () => undefined
  readonly #target: URL
  readonly #server: Server

  private constructor(target: string) {
    this.#target = new URL(target)
    this.#server = createServer((incoming, outgoing) => {
      const chunks: Buffer[] = []
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
      incoming.on('end', () => {
        const { method = '', url = '', headers } = incoming
        void this.#serve({ method, path: url, headers, body: Buffer.concat(chunks).toString() }, outgoing)
      })
    })
  }

  static async before(target: string): Promise<HttpProxy> {
    const proxy = new HttpProxy(target)
    proxy.#server.listen(0, '127.0.0.1')
    await once(proxy.#server, 'listening')
    return proxy
  }

  get url(): string {
    const { port } = this.#server.address() as AddressInfo // of a TCP server that listens
    return `http://127.0.0.1:${port}`
  }

  /** How many requests went to a path that ends so, since the last call of `forget`. */
  count(end: string): number {
    return this.requests.filter(({ path }) => path.split('?', 1)[0]?.endsWith(end)).length
  }

  forget(): void {
    this.requests.length = 0
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close()
    this.#server.closeAllConnections()
  }

  async #serve(request: Request, outgoing: ServerResponse): Promise<void> {
    this.requests.push(request)
    const { instead, afterwards, beforehand, stalls = false } = this.fault(request) ?? {}
    if (stalls) return
    await beforehand?.()
    if (instead !== undefined) {
      outgoing.writeHead(instead.status, { 'content-type': 'application/json', 'x-elastic-product': 'Elasticsearch' })
      outgoing.end(instead.body)
      return
    }
    const response = await this.#forward(request)
    if (afterwards === 'lost') outgoing.destroy()
    else answer(outgoing, response, afterwards?.(response) ?? {})
  }

  async #forward({ method, path, headers, body }: Request): Promise<Response> {
    const { hostname, port } = this.#target
    const outgoing = httpRequest({ hostname, port, method, path, headers })
    outgoing.end(body)
    const [incoming] = (await once(outgoing, 'response')) as [import('node:http').IncomingMessage] // what Node documents
    const chunks: Buffer[] = []
    for await (const chunk of incoming) chunks.push(chunk as Buffer) // no encoding was set
    return { status: incoming.statusCode ?? 0, headers: incoming.headers, body: Buffer.concat(chunks).toString() }
  }
}

function answer(
  outgoing: ServerResponse,
  response: Response,
  change: Partial<Response> & { readonly cutAfter?: number },
): void {
  const { status, headers, body } = { ...response, ...change }
  const { 'transfer-encoding': _, ...rest } = headers
  outgoing.writeHead(status, { ...rest, 'content-length': Buffer.byteLength(body) })
  if (change.cutAfter === undefined) {
    outgoing.end(body)
    return
  }
  outgoing.write(body.slice(0, change.cutAfter), () => outgoing.destroy())
}
