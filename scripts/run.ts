import { spawnSync } from 'node:child_process'

// What hangs is killed, so that a check ends.
const DEFAULTS = { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024, timeout: 180_000, killSignal: 'SIGKILL' } as const

/** Runs a program to its end and returns what it printed. Throws, with that text, when it failed. */
export function run(program: string, args: readonly string[], options: { readonly cwd?: string } = {}): string {
  const result = spawnSync(program, args, { ...DEFAULTS, ...options })
  if (result.error !== undefined) throw result.error
  const output = `${result.stdout}${result.stderr}`
  if (result.status !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${result.status}:\n${output}`)
  return output
}
