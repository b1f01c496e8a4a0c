import type { Key } from '@arpeggio/core'

/** What core keeps about chords; not a result whose id looks like it. */
const ofChords = /^(?!.*celery-task(?:set)?-meta-).*arpeggio-chord-(?<kind>[a-z]):/su
const largeValue = 'v'

/** The keys of one chord, or of the list of all chords, lie side by side. */
const family = /^.*arpeggio-chord-(?:[mvh]:[^:]*:|g:)/su

/** Without the large values where documents are asked for that have to be small. */
export function isOfChords(key: Key, { large }: { readonly large: boolean } = { large: true }): boolean {
  const kind = ofChords.exec(key)?.groups?.['kind']
  return kind !== undefined && (large || kind !== largeValue)
}

/** The prefix by which a list tells of many of a chord's keys at once; empty for any other key. */
export function chordFamily(name: string): string {
  return isOfChords(name) ? (family.exec(name)?.[0] ?? '') : ''
}
