import type { ChordRecord } from '@arpeggio/core'

/** Beside what core keeps in a record: that the chord has a counter. One that was begun without peers has none. */
const mark = { counted: true } as const

export function counted(record: ChordRecord): ChordRecord {
  return { ...record, ...mark }
}

export function isCounted(record: ChordRecord): boolean {
  return Reflect.get(record, 'counted') === true
}
