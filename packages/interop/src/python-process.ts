import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { decodeJson } from '@arpeggio/core'

const FOLDER = join(import.meta.dirname, '..', 'python')

/** A program of the folder `python` that answers in lines. It ends when its standard input does, and so with this process. */
export class PythonProcess implements AsyncDisposable {
  readonly #child: ChildProcess
  readonly #exited: Promise<unknown>
  #log = ''

  constructor(python: string, program: string, environment: Readonly<Record<string, string>>) {
    const env = { ...process.env, PYTHONUNBUFFERED: '1', PYTHONDONTWRITEBYTECODE: '1', ...environment }
    this.#child = spawn(python, [join(FOLDER, program)], { cwd: FOLDER, env, stdio: ['pipe', 'pipe', 'pipe'] })
    this.#exited = once(this.#child, 'exit')
    this.#child.stdin?.on('error', () => undefined) // it is gone; whoever waits hears of that by `exited`
    this.#child.stderr?.on('data', (chunk: Buffer) => {
      this.#log = (this.#log + chunk.toString('utf8')).slice(-4_000)
    })
  }

  /** Resolves when the program is gone. */
  get exited(): Promise<unknown> {
    return this.#exited
  }

  /** The end of what it wrote to its standard error. */
  get log(): string {
    return this.#log
  }

  onLine(listener: (message: Readonly<Record<string, unknown>>) => void): void {
    if (this.#child.stdout === null) return
    createInterface(this.#child.stdout).on('line', (line) => {
      if (line.startsWith('{')) listener(decodeJson(line) as Readonly<Record<string, unknown>>) // our own program's words
    })
  }

  write(line: string): void {
    this.#child.stdin?.write(`${line}\n`)
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.stdin?.end()
    if (this.#child.exitCode === null && this.#child.signalCode === null) await this.#exited
  }
}
