import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

let collect: (() => void) | undefined

/** Frees now what nobody holds any more: what must not depend on that is tried before and after it. */
export function collectGarbage(): void {
  collect ??= exposed()
  collect()
}

function exposed(): () => void {
  setFlagsFromString('--expose-gc')
  return runInNewContext('gc') as () => void // what the flag adds
}
