/** The Python class that stands for a JavaScript error. */
export interface PythonClass {
  readonly type: string
  /** `null` when no Python class is meant; Python then makes one of that name. */
  readonly module: string | null
}

const COUNTERPARTS: ReadonlyMap<string, string> = new Map([
  ['Error', 'Exception'],
  ['EvalError', 'Exception'],
  ['AggregateError', 'Exception'],
  ['RangeError', 'ValueError'],
  ['ReferenceError', 'NameError'],
  ['SyntaxError', 'SyntaxError'],
  ['TypeError', 'TypeError'],
  ['URIError', 'ValueError'],
  // Applications that name an error after one of Python's mean that one.
  ...['ArithmeticError', 'AssertionError', 'AttributeError', 'ConnectionError', 'EOFError', 'Exception'].map(same),
  ...['FileExistsError', 'FileNotFoundError', 'ImportError', 'IndexError', 'InterruptedError'].map(same),
  ...['KeyError', 'LookupError', 'MemoryError', 'NotImplementedError', 'OSError', 'OverflowError'].map(same),
  ...['PermissionError', 'RecursionError', 'RuntimeError', 'TimeoutError', 'ValueError', 'ZeroDivisionError'].map(same),
])

export function pythonClassOf(error: Error): PythonClass {
  const name = nameOf(error)
  const counterpart = COUNTERPARTS.get(name)
  return counterpart === undefined ? { type: name, module: null } : { type: counterpart, module: 'builtins' }
}

// A subclass that does not set `name` inherits 'Error'; its constructor then says more.
function nameOf(error: Error): string {
  if (typeof error.name === 'string' && error.name !== '' && error.name !== 'Error') return error.name
  const { constructor } = error as { readonly constructor?: { readonly name?: unknown } } // could be anything
  return typeof constructor?.name === 'string' && constructor.name !== '' ? constructor.name : 'Error'
}

function same(name: string): readonly [string, string] {
  return [name, name]
}
