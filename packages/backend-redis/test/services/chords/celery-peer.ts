import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { celery, type CeleryVersion } from '@arpeggio/testing'

const script = join(import.meta.dirname, 'celery_peer.py')

/** What Celery's own backend does when it is told to. */
export type PeerOrder =
  | {
      readonly do: 'part'
      readonly chord: string
      readonly id: string
      readonly index?: number
      readonly body: unknown
      readonly result?: unknown
      readonly error?: string
      readonly stores?: boolean
      /** Dies where it would publish the body. */
      readonly dies?: boolean
    }
  | { readonly do: 'size'; readonly chord: string; readonly size: number }
  | { readonly do: 'add'; readonly chord: string; readonly id: string }
  | { readonly do: 'apply'; readonly chord: string; readonly header: readonly PeerNode[] }

export type PeerNode = string | { readonly id: string; readonly members: readonly PeerNode[] }

export interface PeerOptions {
  readonly version?: CeleryVersion
  readonly isOrdered?: boolean
  /** Celery's transport options of the backend. */
  readonly transport?: Readonly<Record<string, unknown>>
}

/** A Python process with Celery's backend on the same server. */
export class CeleryPeer implements AsyncDisposable {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>
  readonly #answers: AsyncIterator<string>

  private constructor(child: ChildProcessByStdio<Writable, Readable, null>) {
    this.#child = child
    this.#answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  }

  static async start(
    url: string,
    { isOrdered = true, transport = {}, version = '5.6.3' }: PeerOptions = {},
  ): Promise<CeleryPeer> {
    const { python } = await celery({ version })
    const args = [script, url, isOrdered ? 'ordered' : 'unordered', JSON.stringify(transport)]
    const peer = new CeleryPeer(spawn(python, args, { stdio: ['pipe', 'pipe', 'inherit'] }))
    await peer.do()
    return peer
  }

  /** Resolves when all of it is done, in one go. */
  async do(...orders: readonly PeerOrder[]): Promise<void> {
    this.#child.stdin.write(`${JSON.stringify(orders)}\n`)
    const { value, done } = await this.#answers.next()
    if (done === true) throw new Error('the peer has died')
    const { problem } = JSON.parse(value) as { readonly problem?: string } // written by the script
    if (problem !== undefined) throw new Error(problem)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null) return
    const exit = once(this.#child, 'exit')
    this.#child.stdin.end()
    await exit
  }
}
