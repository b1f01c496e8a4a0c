import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const execute = promisify(execFile)

export interface CommandOptions {
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly cwd?: string
  /** Default: ten minutes, which is longer than any download or build here takes. */
  readonly limitMs?: number
}

/** Runs a program to its end and gives what it wrote to its standard output, trimmed. Rejects with the tail of what it wrote. */
export async function command(program: string, args: readonly string[], options: CommandOptions = {}): Promise<string> {
  try {
    const { stdout } = await execute(program, args, {
      env: { ...process.env, ...options.env },
      cwd: options.cwd,
      timeout: options.limitMs ?? 600_000,
      maxBuffer: 64 * 1024 * 1024,
    })
    return stdout.trim()
  } catch (error) {
    throw new Error(`${program} ${args.join(' ')}: ${tail(error)}`, { cause: error })
  }
}

/** Whether the program runs to its end with exit code 0. */
export function succeeds(program: string, args: readonly string[], options: CommandOptions = {}): Promise<boolean> {
  return command(program, args, options).then(
    () => true,
    () => false,
  )
}

/** Where the program is, or undefined when it is not on the PATH. */
export async function which(program: string): Promise<string | undefined> {
  const path = await command('sh', ['-c', 'command -v "$1"', 'sh', program]).catch(() => '')
  return path === '' ? undefined : path
}

function tail(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const written = ['stderr', 'stdout'].map((stream): unknown => Reflect.get(error, stream))
  const text = written.find((text): text is string => typeof text === 'string' && text.trim() !== '') ?? error.message
  return text.trim().slice(-2000)
}
