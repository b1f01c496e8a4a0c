import { setTimeout as sleep } from 'node:timers/promises'
import {
  type Argument,
  type Command,
  commandsOf,
  isCluster,
  type RedisClient,
  type RedisNodeClient,
  type Reply,
} from './client.ts'
import { isMisconfigured, isMissingScript, toBackendError } from './errors.ts'
import type { Script } from './scripts.ts'

/** How long the answers that are still owed may take when a connection of ours is closed. */
const farewellMs = 2000

/** So many commands leave in one write to the socket. */
const mostGathered = 20

type Gathering = NonNullable<RedisNodeClient['stream']>

/** One client, what happened to its connection, and its errors in the words of the contract. */
export class Connection {
  readonly client: RedisClient
  readonly address: string
  readonly #isOurs: boolean
  readonly #command: Command
  readonly #listeners: readonly (readonly [string, (error: unknown) => void])[]
  #losses = 0
  #connects = 0
  #lastError: unknown
  #isDisposed = false
  #gathered = 0
  #corked: Gathering | undefined

  constructor(client: RedisClient, address: string, isOurs: boolean) {
    this.client = client
    this.address = address
    this.#isOurs = isOurs
    this.#command = commandsOf(client)
    const lose = (): void => void this.#losses++
    this.#listeners = [
      // A cluster does not close when it loses the connection to one node.
      isCluster(client) ? ['-node', lose] : ['close', lose],
      ['ready', () => this.#ready()],
      // Listening to another's errors would keep its owner from hearing of them.
      ...(isOurs ? [['error', (error: unknown): void => this.#failed(error)] as const] : []),
    ]
    for (const [event, listener] of this.#listeners) client.on(event, listener)
  }

  /** How often a connection ended. When it changes under a command, the client may have sent that a second time. */
  get losses(): number {
    return this.#losses
  }

  /** One promise more than the client's: every command of every store comes by here. */
  run(name: string, args: readonly Argument[]): Promise<Reply> {
    const connects = this.#connects
    const wasReady = this.client.status === 'ready'
    this.#gather()
    return this.#command(name, args).catch((error: unknown) => {
      throw toBackendError(error, {
        wasSent: wasReady || connects !== this.#connects,
        address: this.address,
        connection: this.#lastError,
        isDisposed: this.#isDisposed,
      })
    })
  }

  /** By its digest, and with its source where the server does not know that: after a restart, a fail-over, a SCRIPT FLUSH. */
  async script({ digest, source }: Script, keys: readonly string[], args: readonly Argument[]): Promise<Reply> {
    try {
      return await this.run('evalsha', [digest, keys.length, ...keys, ...args])
    } catch (error) {
      if (!isMissingScript(error)) throw error
      return this.run('eval', [source, keys.length, ...keys, ...args])
    }
  }

  /** Leaves a client of others as it was. One of ours says goodbye after the answers that it is owed. */
  async close(): Promise<void> {
    this.#isDisposed = true
    if (this.#isOurs) {
      const patience = new AbortController()
      const late = sleep(farewellMs, undefined, { signal: patience.signal, ref: false }).catch(() => undefined)
      if (this.client.status === 'ready') await Promise.race([this.#command('quit', []).catch(() => undefined), late])
      patience.abort()
      this.client.disconnect()
    }
    for (const [event, listener] of this.#listeners) if (event !== 'error') this.client.off(event, listener)
  }

  /** ioredis would go on in database 0 when the one that was asked for is not there. */
  #failed(error: unknown): void {
    this.#lastError = error
    if (isMisconfigured(error)) this.client.disconnect(true)
  }

  /**
   * The first command of a tick leaves at once, so that the server has something to do; the others leave together, a few
   * at a time, which saves a system call for each. Unlike an auto-pipeline this waits for no answer before more is sent.
   */
  #gather(): void {
    if (isCluster(this.client)) return
    this.#gathered += 1
    if (this.#gathered === 1) {
      process.nextTick(() => {
        this.#gathered = 0
        this.#corked?.uncork()
        this.#corked = undefined
      })
    } else if (this.#corked === undefined) {
      this.#corked = this.client.stream ?? undefined
      this.#corked?.cork()
    } else if (this.#gathered % mostGathered === 0) {
      this.#corked.uncork()
      this.#corked.cork()
    }
  }

  #ready(): void {
    this.#connects++
    this.#lastError = undefined
  }
}
