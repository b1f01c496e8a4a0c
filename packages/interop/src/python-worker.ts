import type { CelerySettings } from './python-peer.ts'
import { PythonProcess } from './python-process.ts'

const START_LIMIT_MS = 120_000

/** A real worker process of Celery's, which runs the tasks of python/tasks.py. */
export class PythonWorker implements AsyncDisposable {
  readonly #process: PythonProcess

  private constructor(process: PythonProcess) {
    this.#process = process
  }

  /** Resolves once it consumes. */
  static async start(
    python: string,
    settings: CelerySettings,
    environment: Readonly<Record<string, string>>,
  ): Promise<PythonWorker> {
    const INTEROP_SETTINGS = JSON.stringify(settings)
    const process = new PythonProcess(python, 'worker.py', {
      INTEROP_HOSTNAME: 'python',
      ...environment,
      INTEROP_SETTINGS,
    })
    const ready = new Promise<void>((resolve) => process.onLine(() => resolve()))
    const limit = AbortSignal.timeout(START_LIMIT_MS)
    const late = new Promise<never>((_, reject) => {
      limit.addEventListener('abort', () => reject(new Error(`The worker is not ready: ${process.log}`)))
    })
    const gone = process.exited.then(() => Promise.reject(new Error(`The worker ended: ${process.log}`)))
    gone.catch(() => undefined) // once it was ready it may end
    late.catch(() => undefined)
    const worker = new PythonWorker(process)
    try {
      await Promise.race([ready, late, gone])
    } catch (error) {
      await worker[Symbol.asyncDispose]()
      throw error
    }
    return worker
  }

  /** Ends the process without a warning. */
  async kill(): Promise<void> {
    this.#process.kill('SIGKILL')
    await this.#process.exited
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process[Symbol.asyncDispose]()
  }
}
