import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { CELERY_VERSIONS, setupCelery } from './celery-environment.ts'
import { SERVICE_NAMES, ServiceMissing, type Mode, type Service, type ServiceName } from './service.ts'
import { startService } from './start-service.ts'

/** The environment variable that leads the tests to the broker of their run. */
export const BROKER_VARIABLE = 'ARPEGGIO_TESTING_BROKER'

/** What the broker answers: a service that runs, or why there is none. */
export type BrokerAnswer =
  | Pick<Service, 'url' | 'via' | 'detail'>
  | { readonly problem: string; readonly isMissing: boolean }

/** Starts each service at the first request for it and shares it with all processes of a test run. */
export class Broker implements AsyncDisposable {
  readonly #started = new Map<string, Promise<Service>>()
  readonly #lines = new Map<string, string>()
  readonly #server: Server
  #url = ''

  private constructor() {
    this.#server = createServer((request, response) => void this.#respond(request, response))
  }

  static async listen(): Promise<Broker> {
    const broker = new Broker()
    await new Promise<void>((resolve, reject) => {
      broker.#server.once('error', reject).listen(0, '127.0.0.1', resolve)
    })
    const address = broker.#server.address()
    if (address === null || typeof address === 'string') throw new Error('the broker has no port')
    broker.#url = `http://127.0.0.1:${address.port}`
    return broker
  }

  get url(): string {
    return this.#url
  }

  /** A line for each service that was asked for: how it runs, or why it does not. */
  get summary(): readonly string[] {
    return [...this.#lines].map(([name, line]) => `${name}: ${line}`).toSorted((a, b) => (a < b ? -1 : 1))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close()
    this.#server.closeAllConnections()
    await Promise.allSettled([...this.#started.values()].map(stop))
  }

  async #respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '/', this.#url)
    const answer = await this.#answer(pathname.slice(1), modeOf(searchParams.get('mode')))
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify(answer))
  }

  async #answer(name: string, mode: Mode | undefined): Promise<BrokerAnswer> {
    const title = mode === undefined ? name : `${name} (${mode} asked for)`
    try {
      const { url, via, detail } = await this.#service(title, () => start(name, mode))
      this.#lines.set(title, `${via}, ${detail}`)
      return { url, via, detail }
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error)
      const isMissing = error instanceof ServiceMissing
      this.#lines.set(title, `${isMissing ? 'skipped' : 'failed'}, ${problem}`)
      return { problem, isMissing }
    }
  }

  #service(title: string, start: () => Promise<Service>): Promise<Service> {
    const known = this.#started.get(title)
    if (known !== undefined) return known
    const started = start()
    this.#started.set(title, started)
    return started
  }
}

function start(name: string, mode: Mode | undefined): Promise<Service> {
  const version = CELERY_VERSIONS.find((version) => name === `celery-${version}`)
  if (version !== undefined) return setupCelery(version)
  if (!isServiceName(name)) return Promise.reject(new TypeError(`there is no service ${name}`))
  return startService(name, mode)
}

async function stop(service: Promise<Service>): Promise<void> {
  await (await service)[Symbol.asyncDispose]()
}

function modeOf(text: string | null): Mode | undefined {
  return text === 'container' || text === 'process' ? text : undefined
}

function isServiceName(name: string): name is ServiceName {
  return SERVICE_NAMES.some((known) => known === name)
}
