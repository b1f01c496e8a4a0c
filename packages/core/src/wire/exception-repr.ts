import type { ExceptionData } from './exceptions.ts'
import { pythonRepr } from './python-repr.ts'

/** A stored exception as Python's `repr` shows it, without the comma behind a single argument. */
export function exceptionRepr({ exc_type: type, exc_message: message }: ExceptionData): string {
  const args: readonly unknown[] = Array.isArray(message) ? message : [message]
  if (type === 'Reject')
    return `reject requeue=${pythonRepr(args[1] ?? false)}: ${typeof args[0] === 'string' ? args[0] : pythonRepr(args[0])}`
  return `${type.slice(type.lastIndexOf('.') + 1)}(${args.map((arg) => pythonRepr(arg)).join(', ')})`
}
