import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Harness, killInChild, openInChild } from '@arpeggio/conformance'
import { SqliteBackend } from '../src/index.ts'
import { keepCompiled } from './compile-cache.ts'

keepCompiled()
const secondProcess = new URL('second-process.ts', import.meta.url)

/** One file in a folder of its own for every case, removed at the end. */
export class SqliteFiles implements AsyncDisposable {
  readonly #folders: string[] = []
  readonly #paths = new WeakMap<object, string>()
  #elapsedMs = 0

  /** A second handle in this process, on a clock that the kit turns. */
  oneProcess(): Harness {
    const open = (path: string): SqliteBackend => {
      const backend = new SqliteBackend({ path, clock: () => Date.now() + this.#elapsedMs })
      this.#paths.set(backend, path)
      return backend
    }
    return {
      name: 'sqlite',
      lacks: SqliteFiles.#lacks,
      open: async () => open(await this.#newPath()),
      openAnother: async (first) => open(this.#pathOf(first)),
      advance: (seconds) => void (this.#elapsedMs += seconds * 1000),
    }
  }

  /** A second process on the same file, in real time. */
  twoProcesses(): Harness {
    return {
      name: 'sqlite, two processes on one file',
      lacks: SqliteFiles.#lacks,
      open: async () => {
        const path = await this.#newPath()
        const backend = new SqliteBackend({ path })
        this.#paths.set(backend, path)
        return backend
      },
      openAnother: (first) => openInChild(first, secondProcess, [this.#pathOf(first)]),
      kill: (first, job) => killInChild(job, secondProcess, [this.#pathOf(first)]),
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const folder of this.#folders) await rm(folder, { recursive: true, force: true })
  }

  static readonly #lacks: Harness['lacks'] = {
    guard: 'a file is near: reading and writing over the version costs no second trip',
    notifications: 'SQLite tells no other process; the revision makes polling cheap',
    chords: 'core counts parts with keys that are created if absent',
    clock: 'all processes of one machine share its clock',
    check: 'the file is set up when it is opened',
  }

  async #newPath(): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), 'arpeggio-sqlite-'))
    this.#folders.push(folder)
    return join(folder, 'results.db')
  }

  #pathOf(backend: object): string {
    const path = this.#paths.get(backend)
    if (path === undefined) throw new Error('This backend was not opened here')
    return path
  }
}
