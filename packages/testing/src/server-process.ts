import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'

const SETPRIV = '/usr/bin/setpriv'

const atExit = new Set<(signal: NodeJS.Signals) => void>()
process.once('exit', () => {
  for (const kill of atExit) kill('SIGKILL')
})

export interface ServerProcessOptions {
  readonly program: string
  readonly args: readonly string[]
  /** Whether it serves yet; a rejection counts as no. */
  readonly ready: () => Promise<boolean>
  readonly env?: Readonly<Record<string, string | undefined>>
  /** The user and group to run as, where this process may choose. */
  readonly uid?: number
  /** Default: a minute. */
  readonly limitMs?: number
}

export interface ServerProcess extends AsyncDisposable {
  readonly pid: number
}

/**
 * Starts a server as a child in a process group of its own and resolves once it is ready. It ends with this process,
 * however that ends: on Linux the kernel sees to it, elsewhere an exit hook does (which `kill -9` leaves out).
 */
export async function serverProcess(options: ServerProcessOptions): Promise<ServerProcess> {
  const child = launch(options)
  const state = watch(child)
  const kill = (signal: NodeJS.Signals): void => {
    if (child.pid !== undefined) killGroup(child.pid, signal)
  }
  atExit.add(kill)
  const stop = async (): Promise<void> => {
    atExit.delete(kill)
    kill('SIGTERM')
    const patience = new AbortController()
    const waited = wait(3000, undefined, { signal: patience.signal }).catch(() => undefined)
    await Promise.race([state.ended, waited])
    patience.abort()
    kill('SIGKILL')
  }
  try {
    await untilReady(options, state)
  } catch (error) {
    await stop()
    throw error
  }
  return { pid: child.pid ?? -1, [Symbol.asyncDispose]: stop }
}

function launch({ program, args, env, uid }: ServerProcessOptions): ChildProcess {
  const settings = { env: { ...process.env, ...env }, detached: true, stdio: ['ignore', 'pipe', 'pipe'] as const }
  if (!existsSync(SETPRIV)) return spawn(program, args, { ...settings, stdio: [...settings.stdio] })
  const user = uid === undefined ? [] : [`--reuid=${uid}`, `--regid=${uid}`, '--clear-groups']
  return spawn(SETPRIV, [...user, '--pdeathsig=KILL', '--', program, ...args], {
    ...settings,
    stdio: [...settings.stdio],
  })
}

interface ChildState {
  readonly ended: Promise<void>
  readonly end: () => string | undefined
  readonly log: () => string
}

function watch(child: ChildProcess): ChildState {
  let log = ''
  let end: string | undefined
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      log = (log + chunk.toString('utf8')).slice(-4000)
    })
    if (stream !== null && 'unref' in stream && typeof stream.unref === 'function') stream.unref()
  }
  child.unref()
  const ended = new Promise<void>((resolve) => {
    child.once('error', (error) => {
      end = error.message
      resolve()
    })
    child.once('exit', (code, signal) => {
      end ??= `ended with ${signal ?? code ?? 'nothing'}`
      resolve()
    })
  })
  return { ended, end: () => end, log: () => log }
}

async function untilReady(
  { program, args, ready, limitMs = 60_000 }: ServerProcessOptions,
  state: ChildState,
): Promise<void> {
  const deadline = performance.now() + limitMs
  while (!(await ready().catch(() => false))) {
    const problem = state.end() ?? (performance.now() > deadline ? `not ready after ${limitMs} ms` : undefined)
    if (problem !== undefined) throw new Error(`${program} ${args.join(' ')}: ${problem}\n${state.log()}`)
    await wait(20)
  }
}

function killGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal)
  } catch {
    // It is gone already.
  }
}
