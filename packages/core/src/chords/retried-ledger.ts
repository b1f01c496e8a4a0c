import type { ChordLedger, LedgerContext } from './chord-ledger.ts'

interface Retrying {
  readonly run: LedgerContext['retry']
}

/** A store's own ledger whose calls are made again as the retry policy says. Core's goes through a store that does that. */
export function retried(ledger: ChordLedger, { run }: Retrying): ChordLedger {
  const { recordWithResult, reopen, release, close, namesParts } = ledger
  return {
    get: (id) => run(() => ledger.get(id)),
    create: (record) => run(() => ledger.create(record)),
    replace: (held, record, seconds) => run(() => ledger.replace(held, record, seconds)),
    record: (part, claim) => run(() => ledger.record(part, claim)),
    // A result is stored again by whoever knows what may have become of it.
    ...(recordWithResult && { recordWithResult: recordWithResult.bind(ledger) }),
    look: (held) => run(() => ledger.look(held)),
    entries: (place, options) => ledger.entries(place, options),
    fold: (record) => run(() => ledger.fold(record)),
    remove: (record, hasLargeValues) => run(() => ledger.remove(record, hasLargeValues)),
    ...(reopen && { reopen: (held) => run(() => reopen.call(ledger, held)) }),
    ...(release && { release: (held) => run(() => release.call(ledger, held)) }),
    enter: (id) => run(() => ledger.enter(id)),
    reader: () => {
      const reader = ledger.reader()
      return { poll: () => run(() => reader.poll()) }
    },
    ...(close && { close: close.bind(ledger) }),
    ...(namesParts !== undefined && { namesParts }),
  }
}
