import type { ChordLedger, ChordLedgerFactory, LedgerContext } from '@arpeggio/core'

/** Does something around a call to a ledger. `keys`: what core's own ledger, over keys, would write with it. */
export type AroundCall = <Answer>(
  operation: () => Promise<Answer>,
  keys: readonly string[],
  what: 'set' | 'delete',
) => Promise<Answer>

/** The ability of a store to count parts, with something around every call that writes. */
export function ledgerAround(factory: ChordLedgerFactory, around: AroundCall): ChordLedgerFactory {
  return {
    open: (context) => {
      const ledger = factory.open(context)
      return ledger && wrapped(ledger, context, around)
    },
  }
}

function wrapped(ledger: ChordLedger, { settings, taskKey }: LedgerContext, around: AroundCall): ChordLedger {
  const { recordWithResult, reopen, release, close, namesParts } = ledger
  const key = (rest: string): string => `${settings.keyPrefix}arpeggio-chord-${rest}`
  // One step: a slot, what stands above it, and the claim of a chord that it completes.
  const keysOf = (chord: string, slot: number): readonly string[] => [
    key(`m:${chord}:0:${slot}`),
    key(`m:${chord}:1:`),
    key(`r:${chord}`),
  ]
  return {
    get: (id) => ledger.get(id),
    create: (record) => around(() => ledger.create(record), [key(`r:${record.id}`)], 'set'),
    replace: (held, record, seconds) =>
      around(() => ledger.replace(held, record, seconds), [key(`r:${record.id}`)], 'set'),
    record: (part, claim) => around(() => ledger.record(part, claim), keysOf(part.chord, part.slot), 'set'),
    ...(recordWithResult && {
      recordWithResult: (part, write, claim) =>
        around(
          () => recordWithResult.call(ledger, part, write, claim),
          [taskKey(part.entry.taskId), ...keysOf(part.chord, part.slot)],
          'set',
        ),
    }),
    look: (held) => ledger.look(held),
    entries: (place, options) => ledger.entries(place, options),
    fold: (record) => ledger.fold(record),
    remove: (record, isLarge) => around(() => ledger.remove(record, isLarge), [key(`m:${record.id}:`)], 'delete'),
    ...(reopen && { reopen: reopen.bind(ledger) }),
    ...(release && { release: release.bind(ledger) }),
    enter: (id) => around(() => ledger.enter(id), [key('g:')], 'set'),
    reader: () => ledger.reader(),
    ...(close && { close: close.bind(ledger) }),
    ...(namesParts !== undefined && { namesParts }),
  }
}
