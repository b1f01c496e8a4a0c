import { TaskError } from './task-error.ts'

/** How one class of errors travels. */
export interface ExceptionEntry<Failure extends Error> {
  /** The Python module that both sides agreed on. */
  readonly module: string
  /** The Python class's qualified name. */
  readonly type: string
  /** The arguments to store. Default: the message alone. */
  readonly encode?: (error: Failure) => readonly unknown[]
  /** Makes the error of what was stored. Default: a `new` one with the first argument as its message. */
  readonly decode?: (failure: TaskError) => Failure
}

type ErrorClass<Failure extends Error> = new (...args: never[]) => Failure

/** The classes of errors that an application allows stored data to become. Nothing else is ever constructed. */
export class ExceptionRegistry {
  readonly #encoders = new Map<unknown, (error: Error) => Encoded>()
  readonly #decoders = new Map<string, (failure: TaskError) => Error>()

  register<Failure extends Error>(errorClass: ErrorClass<Failure>, entry: ExceptionEntry<Failure>): this {
    const { module, type, encode, decode } = entry
    if (!(errorClass.prototype instanceof Error)) throw new TypeError(`${errorClass.name} must extend Error`)
    this.#encoders.set(errorClass, (error) => ({
      type,
      module,
      args: encode?.(error as Failure) ?? [error.message], // found by its own class
    }))
    this.#decoders.set(nameOf(module, type), decode ?? ((failure) => construct(errorClass, failure)))
    return this
  }

  /** What to store for an error of a registered class or of a subclass of one; `undefined` also when that fails. */
  encode(error: Error): Encoded | undefined {
    try {
      return this.#encode(error)
    } catch {
      // The task's failure must be stored all the same; without the entry it is as any other error's.
      return undefined
    }
  }

  #encode(error: Error): Encoded | undefined {
    for (let prototype: object | null = prototypeOf(error); prototype !== null; prototype = prototypeOf(prototype)) {
      const encode = this.#encoders.get(prototype.constructor)
      if (encode !== undefined) return encode(error)
    }
    return undefined
  }

  /** The application's own error for a stored failure; `undefined` when its name is not registered. */
  decode(failure: TaskError): Error | undefined {
    const decode = this.#decoders.get(nameOf(failure.excModule, failure.excType))
    if (decode === undefined) return undefined
    try {
      const error = decode(failure)
      if (error instanceof Error && !(error instanceof TaskError)) error.cause ??= failure
      return error instanceof Error ? error : undefined
    } catch {
      // The stored arguments do not suit the class; the failure itself still says everything.
      return undefined
    }
  }
}

interface Encoded {
  readonly type: string
  readonly module: string
  readonly args: readonly unknown[]
}

function construct<Failure extends Error>(errorClass: ErrorClass<Failure>, failure: TaskError): Failure {
  const [first = ''] = failure.excArgs
  const construct = errorClass as unknown as new (message: string) => Failure // whoever registers without `decode` says so
  return new construct(typeof first === 'string' ? first : failure.message)
}

function nameOf(module: string, type: string): string {
  return `${module}\0${type}`
}

function prototypeOf(value: object): object | null {
  return Object.getPrototypeOf(value) as object | null // a prototype is nothing else
}
