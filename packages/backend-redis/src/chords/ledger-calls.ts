import type { Argument, Reply } from '../client.ts'
import type { Connection } from '../connection.ts'
import type { Connections } from '../connections.ts'
import type { Publish, Script } from '../scripts.ts'
import type { ChordNames } from './chord-names.ts'
import type { Layout } from './layout.ts'
import { type LedgerScripts, ledgerScripts } from './ledger-scripts.ts'

/** What of the backend the ledger works with. */
export interface LedgerStore {
  readonly connections: Connections
  /** Where the waiters of a result are told of it. */
  readonly publish: Publish
  /** Whether Celery keeps parts in the order of their slots, as is its default. */
  readonly isOrdered: boolean
  /** Refuses what comes after the end of the backend. */
  readonly call: <Answer>(work: () => Promise<Answer>) => Promise<Answer>
}

/** Runs commands for the ledger: scripts over the keys of one chord, and single commands. */
export class LedgerCalls {
  readonly #store: LedgerStore
  readonly scripts: LedgerScripts
  readonly layout: Layout
  readonly #names: ChordNames
  /** The keys of the chord that was asked about last: parts of one chord come together. */
  #last: readonly [chord: string, keys: readonly string[]] = ['', []]

  constructor(store: LedgerStore, names: ChordNames, layout: Layout) {
    this.scripts = ledgerScripts(store.publish, layout)
    this.layout = layout
    this.#store = store
    this.#names = names
  }

  script(
    chord: string,
    script: Script,
    args: readonly Argument[],
    { more = [], connection = this.#store.connections.next }: Call = {},
  ): Promise<Reply> {
    const keys = [...this.#keysOf(chord), ...more]
    return this.#store.call(() => (this.#store.connections.durable ?? connection).script(script, keys, args))
  }

  /** Where the parts of a chord are that has no peers. */
  partsOf(chord: string): string {
    return this.#keysOf(chord)[0] ?? ''
  }

  #keysOf(chord: string): readonly string[] {
    if (this.#last[0] !== chord) this.#last = [chord, this.#names.of(chord)]
    return this.#last[1]
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
