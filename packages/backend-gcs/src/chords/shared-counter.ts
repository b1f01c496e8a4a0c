import { BackendError, type ChordRecord, type LedgerSettings } from '@arpeggio/core'
import type { Counter } from '../counters.ts'
import type { Beside } from '../documents.ts'
import type { ChordNames } from './chord-names.ts'
import type { LedgerStore } from './ledger-store.ts'

/** So many writes of others in a row mean that the next try should come later. */
const mostRaces = 20

/** `complete`: all parts have been counted, so that a peer may be firing. `gone`: a peer has fired. */
type Taken = 'captured' | 'complete' | 'gone'

/** The counters of chords that peers count too. */
export class SharedCounter {
  readonly #store: LedgerStore
  readonly #names: ChordNames
  readonly #settings: LedgerSettings

  constructor(store: LedgerStore, names: ChordNames, settings: LedgerSettings) {
    this.#store = store
    this.#names = names
    this.#settings = settings
  }

  /** Nothing once a peer has fired. */
  get(chord: string): Promise<Counter | undefined> {
    return this.#store.counters.get(this.#names.counter(chord))
  }

  begin(chord: string, isCaptured: boolean): Beside {
    const { lifetimeSeconds } = this.#settings
    return this.#store.counters.begin(this.#names.counter(chord), { lifetimeSeconds, isCaptured })
  }

  adopt(chord: string): Beside {
    return this.#store.counters.adopt(this.#names.counter(chord), this.#settings.lifetimeSeconds)
  }

  end(chord: string): Beside {
    return this.#store.counters.end(this.#names.counter(chord), this.#settings.tombstoneSeconds)
  }

  /** Whether a peer that counted the last part may still be about to publish the body. */
  isFresh({ changedAt }: Counter): boolean {
    return this.#store.clock.now() - changedAt < this.#settings.graceSeconds * 1_000
  }

  /** Makes a chord ours alone to fire, from now on and for good. A complete one only if it has to be. */
  async capture(
    { id, state, size }: ChordRecord,
    { anyway = false }: { readonly anyway?: boolean } = {},
  ): Promise<Taken> {
    const key = this.#names.counter(id)
    for (let race = 0; race < mostRaces; race += 1) {
      const counter = await this.get(id)
      if (counter === undefined) return 'gone'
      if (counter.isCaptured) return 'captured'
      if (!anyway && state === 'sealed' && counter.parts >= size) return 'complete'
      if (await this.#store.counters.capture(key, counter, this.#settings.lifetimeSeconds)) return 'captured'
    }
    throw new BackendError('unavailable', `the parts of chord ${id} are counted too fast to take it from its peers`)
  }
}
