import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { type Backend, BackendError, type BackendErrorCode } from '@arpeggio/core'
import { type KillJob, notMet, performJob } from './kill-job.ts'

interface Call {
  readonly id: number
  /** Such as `get` or `bulk.set`. */
  readonly operation: string
  readonly parameters: readonly unknown[]
}

interface Answer {
  readonly id: number
  readonly answer?: unknown
  readonly failure?: { readonly message: string; readonly code?: BackendErrorCode }
}

/** Names the variable by which `killInChild` tells its process what to do. */
const JOB_VARIABLE = 'ARPEGGIO_KIT_JOB'

/**
 * In a child process: serves the calls that the parent's `openInChild` makes, until it disposes the backend; or does what
 * the parent's `killInChild` wants done, and kills its own process at the point that it names.
 */
export function serveBackend(backend: Backend): void {
  const job = process.env[JOB_VARIABLE]
  if (job === undefined) serveCalls(backend)
  else void performJob(backend, JSON.parse(job) as KillJob, killOwnProcess).finally(() => process.exit(1)) // the parent's job
}

function killOwnProcess(): Promise<never> {
  process.kill(process.pid, 'SIGKILL')
  return new Promise(() => undefined)
}

/** Does a job in a process that `entry` starts and that is killed on the way, for a harness's `kill`. */
export async function killInChild(job: KillJob, entry: URL, parameters: readonly string[] = []): Promise<void> {
  const child = fork(entry, parameters, {
    env: { ...process.env, [JOB_VARIABLE]: JSON.stringify(job) },
    execArgv: [...process.execArgv, ...sourceCondition],
  })
  await once(child, 'exit')
  if (child.signalCode !== 'SIGKILL') throw notMet(job)
}

function serveCalls(backend: Backend): void {
  process.on('message', (call: Call) => void serve(backend, call))
  process.once('disconnect', () => process.exit())
  process.send?.('ready')
}

function reply(answer: Answer): void {
  process.send?.(answer)
}

async function serve(backend: Backend, { id, operation, parameters }: Call): Promise<void> {
  try {
    reply({ id, answer: await perform(backend, operation, parameters) })
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    reply({ id, failure: BackendError.is(error) ? { message, code: error.code } : { message } })
  }
}

function perform(backend: Backend, operation: string, parameters: readonly unknown[]): unknown {
  if (operation === 'dispose') return backend[Symbol.asyncDispose]()
  const [ability, name] = operation.includes('.') ? operation.split('.', 2) : [undefined, operation]
  const owner: object = ability === undefined ? backend : Reflect.get(backend, ability)
  const method: unknown = Reflect.get(owner, name ?? '')
  if (typeof method !== 'function') throw new TypeError(`The backend has no ${operation}`)
  return method.apply(owner, parameters)
}

/**
 * Starts `entry` as a process, which opens a backend and passes it to `serveBackend`. Resolves to a backend that forwards
 * every operation to it, for a harness's `openAnother`. `like` says which abilities there are; notifications are not forwarded.
 */
export async function openInChild(like: Backend, entry: URL, parameters: readonly string[] = []): Promise<Backend> {
  const child = fork(entry, parameters, {
    serialization: 'advanced',
    execArgv: [...process.execArgv, ...sourceCondition],
  })
  await once(child, 'message')
  const calls = new PendingCalls(child)
  const forward =
    (operation: string) =>
    (...parameters: readonly unknown[]): Promise<unknown> =>
      calls.call(operation, parameters)
  const overrides: Record<PropertyKey, unknown> = { notifications: undefined }
  for (const operation of ['get', 'mget', 'set', 'delete']) overrides[operation] = forward(operation)
  for (const [ability, method] of Object.entries(abilityMethods)) {
    if (Reflect.get(like, ability) !== undefined) overrides[ability] = { [method]: forward(`${ability}.${method}`) }
  }
  overrides[Symbol.asyncDispose] = () => calls.end()
  const { specVersion, name, limits } = like
  const rest = { specVersion, name, limits, asUri: () => like.asUri(), exceptionSafeToRetry: () => false }
  return { ...rest, ...overrides } as unknown as Backend // each member forwards to the one of its name
}

/** Runs the child from source where the parent does. */
const sourceCondition = import.meta.url.endsWith('.ts') ? ['--conditions=@arpeggio/source', '--no-warnings'] : []

const abilityMethods = {
  presence: 'exists',
  bulk: 'set',
  guard: 'set',
  revision: 'get',
  scan: 'keys',
  cleanup: 'run',
  clock: 'now',
  check: 'run',
} as const

/** Calls that the child has not answered yet. */
class PendingCalls {
  readonly #child: ChildProcess
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>()
  #count = 0
  #ended: Promise<void> | undefined

  constructor(child: ChildProcess) {
    this.#child = child
    child.on('message', (answer) => this.#settle(answer as Answer)) // the child's `serve` sends nothing else
    child.once('exit', () => {
      for (const { reject } of this.#waiting.values()) reject(new BackendError('uncertain', 'The other process ended'))
      this.#waiting.clear()
    })
  }

  call(operation: string, parameters: readonly unknown[]): Promise<unknown> {
    if (this.#ended !== undefined) return Promise.reject(new BackendError('disposed', 'The backend was closed'))
    return this.#send(operation, parameters)
  }

  end(): Promise<void> {
    this.#ended ??= this.#close()
    return this.#ended
  }

  #send(operation: string, parameters: readonly unknown[]): Promise<unknown> {
    const id = this.#count++
    const waiting = Promise.withResolvers<unknown>()
    this.#waiting.set(id, waiting)
    this.#child.send({ id, operation, parameters: parameters.map(withoutSignal) } satisfies Call)
    return waiting.promise
  }

  async #close(): Promise<void> {
    const exit = once(this.#child, 'exit')
    await this.#send('dispose', [])
    this.#child.disconnect()
    await exit
  }

  #settle({ id, answer, failure }: Answer): void {
    const waiting = this.#waiting.get(id)
    this.#waiting.delete(id)
    if (failure === undefined) waiting?.resolve(answer)
    else waiting?.reject(failure.code ? new BackendError(failure.code, failure.message) : new Error(failure.message))
  }
}

/** Signals do not cross the border of a process. */
function withoutSignal(parameter: unknown): unknown {
  if (typeof parameter !== 'object' || parameter === null || !('signal' in parameter)) return parameter
  return { ...parameter, signal: undefined }
}
