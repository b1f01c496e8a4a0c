import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import type { Service } from './service.ts'

/** How many more bytes pass each way before the connections are cut in the middle of what they were saying. */
export interface CutAfter {
  readonly toServer?: number
  readonly toClient?: number
}

/** A TCP proxy that misbehaves on demand. Each method replaces the fault before it. */
export interface FaultProxy extends Service {
  /** The connections that are open now. */
  readonly connections: number
  /** Ends every connection and accepts no new one. */
  refuse(): Promise<void>
  /** Ends every open connection with a TCP reset. New ones work. */
  reset(): void
  /** Accepts everything and passes nothing on, in either direction. */
  blackhole(): void
  /** Delays every piece of data by this time, in either direction. */
  latency(milliseconds: number): void
  /** Passes exactly that many bytes, counted over all connections from now on, then resets the connection. Later ones work. */
  cutAfter(bytes: CutAfter): void
  /** Ends the fault. What a blackhole swallowed stays lost: its connections are reset. */
  heal(): Promise<void>
}

/** Starts a proxy before `target`, a URL or `host:port`. The proxy's own URL is the target's with another address. */
export async function faultProxy(target: string): Promise<FaultProxy> {
  const proxy = new Proxy(target)
  await proxy.heal()
  return proxy
}

type Direction = 'toServer' | 'toClient'

class Proxy implements FaultProxy {
  readonly via = 'process'
  readonly detail: string
  readonly #target: string
  readonly #host: string
  readonly #targetPort: number
  readonly #pairs = new Set<readonly [Socket, Socket]>()
  #server: Server | undefined
  #port = 0
  #delay = 0
  #swallows = false
  #budget: { toServer: number; toClient: number } = unlimited()

  constructor(target: string) {
    const { hostname, port } = new URL(target.includes('://') ? target : `tcp://${target}`)
    if (port === '') throw new TypeError(`the target of a fault proxy needs a port: ${target}`)
    this.#target = target
    this.#host = hostname.replace(/^\[|\]$/g, '')
    this.#targetPort = Number(port)
    this.detail = `fault proxy before ${hostname}:${port}`
  }

  get url(): string {
    const address = `127.0.0.1:${this.#port}`
    if (!this.#target.includes('://')) return address
    return this.#target.replace(/^([^:]+:\/\/(?:[^/@]*@)?)[^/?#]+/, `$1${address}`)
  }

  get connections(): number {
    return this.#pairs.size
  }

  async refuse(): Promise<void> {
    this.#clear()
    const server = this.#server
    this.#server = undefined
    const closed = new Promise<void>((resolve) => (server === undefined ? resolve() : server.close(() => resolve())))
    this.reset()
    await closed
  }

  reset(): void {
    for (const pair of this.#pairs) this.#end(pair)
  }

  blackhole(): void {
    this.#clear()
    this.#swallows = true
  }

  latency(milliseconds: number): void {
    this.#clear()
    this.#delay = milliseconds
  }

  cutAfter({ toServer = Infinity, toClient = Infinity }: CutAfter): void {
    this.#clear()
    this.#budget = { toServer, toClient }
  }

  async heal(): Promise<void> {
    const swallowed = this.#swallows
    this.#clear()
    if (swallowed) this.reset()
    if (this.#server === undefined) await this.#listen()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.refuse()
  }

  #clear(): void {
    this.#delay = 0
    this.#swallows = false
    this.#budget = unlimited()
  }

  async #listen(): Promise<void> {
    const server = createServer({ noDelay: true }, (client) => this.#accept(client))
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen(this.#port, '127.0.0.1', resolve)
    })
    this.#server = server
    this.#port = (server.address() as AddressInfo).port // a TCP server's address is of this kind
  }

  #accept(client: Socket): void {
    const server = connect({ host: this.#host, port: this.#targetPort, noDelay: true })
    const pair = [client, server] as const
    this.#pairs.add(pair)
    for (const socket of pair) {
      socket.on('error', () => this.#end(pair))
      socket.on('close', () => this.#end(pair))
    }
    client.on('data', (chunk: Buffer) => this.#pass(pair, 'toServer', chunk))
    server.on('data', (chunk: Buffer) => this.#pass(pair, 'toClient', chunk))
    client.on('end', () => server.end())
    server.on('end', () => client.end())
  }

  #pass(pair: readonly [Socket, Socket], direction: Direction, chunk: Buffer): void {
    if (this.#swallows) return
    const allowed = chunk.subarray(0, this.#budget[direction])
    this.#budget[direction] -= allowed.length
    const isCut = allowed.length < chunk.length || this.#budget[direction] === 0
    if (isCut) this.#budget[direction] = Infinity
    const send = (): void => this.#send(pair, direction, { data: allowed, isCut })
    if (this.#delay > 0) setTimeout(send, this.#delay)
    else send()
  }

  #send(pair: readonly [Socket, Socket], direction: Direction, piece: { data: Buffer; isCut: boolean }): void {
    const [source, sink] = direction === 'toServer' ? pair : [pair[1], pair[0]]
    if (sink.destroyed) return
    // A reset throws away what is still on its way, so the last piece must be handed over first.
    if (piece.isCut) sink.end(piece.data, () => this.#end(pair))
    else if (!sink.write(piece.data)) {
      source.pause()
      sink.once('drain', () => source.resume())
    }
  }

  #end(pair: readonly [Socket, Socket]): void {
    if (!this.#pairs.delete(pair)) return
    for (const socket of pair) {
      if (!socket.destroyed) socket.resetAndDestroy()
    }
  }
}

function unlimited(): { toServer: number; toClient: number } {
  return { toServer: Infinity, toClient: Infinity }
}
