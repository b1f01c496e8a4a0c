import { PythonProcess } from './python-process.ts'

/** Settings of Celery, as its own names have them. */
export type CelerySettings = Readonly<Record<string, unknown>>

/** An exception as Python described it. */
export interface PythonError {
  readonly type: string
  readonly module: string
  readonly args: readonly unknown[]
  readonly text: string
  /** The names of its class and of all classes above. */
  readonly bases: readonly string[]
}

/** How `AsyncResult.get` ended. */
export type PythonOutcome =
  | { readonly returned: { readonly value: unknown } | { readonly error: PythonError } }
  | { readonly raised: PythonError; readonly traceback: string | null }

/** A command that has been sent. */
export interface PythonCall {
  /** Resolves when Celery listens for what it waits for. */
  readonly waiting: Promise<void>
  readonly answer: Promise<unknown>
}

interface Open {
  readonly resolve: (answer: unknown) => void
  readonly reject: (error: Error) => void
  readonly wait: () => void
}

/** Celery as a client: one process, and any number of applications in it. */
export class PythonPeer implements AsyncDisposable {
  readonly #process: PythonProcess
  readonly #open = new Map<number, Open>()
  #number = 0

  /** `program`: another that is talked to in the same way. */
  constructor(python: string, environment: Readonly<Record<string, string>>, program = 'peer.py') {
    this.#process = new PythonProcess(python, program, environment)
    this.#process.onLine((message) => this.#hear(message))
    void this.#failAtExit()
  }

  async app(settings: CelerySettings): Promise<PythonApp> {
    const name = `app${(this.#number += 1)}`
    await this.call(name, 'configure', settings).answer
    return new PythonApp(this, name)
  }

  call(app: string, call: string, args: object): PythonCall {
    const number = (this.#number += 1)
    const waiting = Promise.withResolvers<void>()
    const answer = new Promise<unknown>((resolve, reject) => {
      this.#open.set(number, { resolve, reject, wait: waiting.resolve })
    })
    answer.then(() => waiting.resolve(), waiting.reject)
    waiting.promise.catch(() => undefined) // whoever does not ask for it has the answer
    this.#process.write(JSON.stringify({ number, app, call, args }))
    return { waiting: waiting.promise, answer }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process[Symbol.asyncDispose]()
  }

  async #failAtExit(): Promise<void> {
    await this.#process.exited
    for (const { reject } of this.#open.values()) reject(new Error(`Python is gone: ${this.#process.log}`))
  }

  #hear(message: Readonly<Record<string, unknown>>): void {
    const number = Number(message['number'])
    const open = this.#open.get(number)
    if ('event' in message) {
      open?.wait()
      return
    }
    this.#open.delete(number)
    if ('error' in message) open?.reject(new PythonFailure(message['error'] as PythonError, String(message['trace'])))
    else open?.resolve(message['answer'])
  }
}

/** A command failed in Python. */
class PythonFailure extends Error {
  override readonly name = 'PythonFailure'
  readonly error: PythonError

  constructor(error: PythonError, trace: string) {
    super(`${error.type}: ${error.text}\n${trace}`)
    this.error = error
  }
}

/** One application of Celery's. The commands are the methods of `Commands` in peer.py. */
export class PythonApp {
  readonly #peer: PythonPeer
  readonly #name: string

  constructor(peer: PythonPeer, name: string) {
    this.#peer = peer
    this.#name = name
  }

  call(command: string, args: object = {}): Promise<unknown> {
    return this.begin(command, args).answer
  }

  /** Sends a command, for whoever wants to know when it has begun to wait. */
  begin(command: string, args: object = {}): PythonCall {
    return this.#peer.call(this.#name, command, args)
  }

  /** What `AsyncResult.get` comes to. `caught` names the class in the `except` clause; another error is a failed command. */
  async get(
    id: string,
    options: { readonly propagate?: boolean; readonly caught?: string } = {},
  ): Promise<PythonOutcome> {
    return (await this.call('get', { id, timeout: 20, ...options })) as PythonOutcome // as the command answers
  }

  /** The task's document as Celery reads it; values that Celery makes objects of are described. */
  async meta(id: string): Promise<PythonMeta> {
    return (await this.call('meta', { id })) as PythonMeta // as the command answers
  }

  async raised(id: string, caught?: string): Promise<PythonError & { readonly traceback: string | null }> {
    const outcome = await this.get(id, caught === undefined ? {} : { caught })
    if (!('raised' in outcome)) throw new Error(`get returned ${JSON.stringify(outcome.returned)}`)
    return { ...outcome.raised, traceback: outcome.traceback }
  }

  async returned(id: string): Promise<unknown> {
    const outcome = await this.get(id)
    if ('returned' in outcome && 'value' in outcome.returned) return outcome.returned.value
    throw new Error(`get did not return a value: ${JSON.stringify(outcome)}`)
  }
}

export interface PythonMeta extends Readonly<Record<string, unknown>> {
  readonly status: string
  readonly result: { readonly value: unknown } | { readonly error: PythonError }
  readonly traceback: string | null
  /** The ids. */
  readonly children: readonly string[] | null
  /** `date_done` as Celery reads it. */
  readonly date_parsed: string | null
}
