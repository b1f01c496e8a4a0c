/**
 * The results of a chord's header, read from the store as they are asked for, in slot order: what a body receives
 * whose chord says `results: 'reference'`.
 */
export interface ChordResults<T> extends AsyncIterable<T> {
  readonly length: number
  /** A negative index counts from the end. Resolves to `undefined` where there is no such slot. */
  at(index: number): Promise<T | undefined>
}
