import type { Argument, Reply } from '../client.ts'
import type { Connection } from '../connection.ts'
import type { Connections } from '../connections.ts'
import type { Script } from '../scripts.ts'
import type { ChordNames } from './chord-names.ts'

/** What of the backend the ledger works with. */
export interface LedgerStore {
  readonly connections: Connections
  /** The script of a part: it tells the waiters of its result on the channels that this backend uses. */
  readonly part: Script
  /** Refuses what comes after the end of the backend. */
  readonly call: <Answer>(work: () => Promise<Answer>) => Promise<Answer>
}

/** Runs commands for the ledger: scripts over the keys of one chord, and single commands. */
export class LedgerCalls {
  readonly #store: LedgerStore
  readonly #names: ChordNames

  constructor(store: LedgerStore, names: ChordNames) {
    this.#store = store
    this.#names = names
  }

  script(
    chord: string,
    script: Script,
    args: readonly Argument[],
    { more = [], connection = this.#store.connections.next }: Call = {},
  ): Promise<Reply> {
    const keys = [...this.#names.of(chord), ...more]
    return this.#store.call(() => (this.#store.connections.durable ?? connection).script(script, keys, args))
  }

  run(command: string, args: readonly Argument[]): Promise<Reply> {
    const { call, connections } = this.#store
    return call(() => connections.next.run(command, args))
  }
}

interface Call {
  readonly more?: readonly string[]
  readonly connection?: Connection
}
