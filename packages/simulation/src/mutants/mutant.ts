/** A bug, planted into a copy of core's source while it is loaded. */
export interface Mutant {
  readonly name: string
  /** What is wrong with it, in a sentence. */
  readonly bug: string
  /** What finds it soonest. Default: chords of all kinds. */
  readonly workload?: string
  readonly edits: readonly Edit[]
}

export interface Edit {
  /** Below `packages/core/src`. */
  readonly file: string
  /** Stands there exactly once. */
  readonly find: string
  readonly replace: string
}

/** The source with one edit made. Throws when the edit no longer fits. */
export function edited(source: string, { file, find, replace }: Edit): string {
  const count = source.split(find).length - 1
  if (count !== 1) throw new Error(`${file} has ${count} places like ${JSON.stringify(find)} instead of one`)
  return source.replace(find, () => replace)
}
