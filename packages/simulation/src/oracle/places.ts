/** What a key of the store is about. */
export interface Place {
  readonly kind: 'record' | 'marker' | 'value' | 'meta'
  readonly id: string
  readonly slot: number
}

const meta = 'celery-task-meta-'
const kinds = { 'arpeggio-chord-r': 'record', 'arpeggio-chord-m': 'marker', 'arpeggio-chord-v': 'value' } as const

/** Nothing for keys that are not judged, such as those of nodes. */
export function placeOf(key: string): Place | undefined {
  if (key.startsWith(meta)) return { kind: 'meta', id: key.slice(meta.length), slot: -1 }
  const [prefix = '', id = '', first, second] = key.split(':')
  const kind = Object.hasOwn(kinds, prefix) ? kinds[prefix as keyof typeof kinds] : undefined // just looked up
  if (kind === undefined || (kind === 'marker' && first !== '0')) return undefined
  return { kind, id: decodeURIComponent(id), slot: Number(kind === 'marker' ? second : first) }
}
