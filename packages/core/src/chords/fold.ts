import { decodeJson } from '../wire/json.ts'
import { isFailure, type SlotEntry } from './slot-entry.ts'

/** What a node knows of the slots below it, so that nobody has to read them all to know how the chord has ended. */
export interface Fold {
  /** How many have failed. */
  readonly failed: number
  /** The lowest slot that has failed. */
  readonly lowest?: number
  /** How many values have a key of their own. */
  readonly large: number
}

export function foldEntries(from: number, entries: readonly SlotEntry[]): Fold {
  const failed = entries.flatMap((entry, at) => (isFailure(entry) ? [from + at] : []))
  const large = entries.filter((entry) => entry.isLarge === true).length
  return folded(failed.length, failed[0], large)
}

/** In slot order, so that the first that names a failure names the lowest. */
export function joinFolds(folds: readonly Fold[]): Fold {
  const failed = folds.reduce((sum, fold) => sum + fold.failed, 0)
  const large = folds.reduce((sum, fold) => sum + fold.large, 0)
  return folded(failed, folds.find((fold) => fold.lowest !== undefined)?.lowest, large)
}

export function decodeFold(text: string): Fold {
  return decodeJson(text) as Fold // written by the ledger, under a key of ours
}

function folded(failed: number, lowest: number | undefined, large: number): Fold {
  return lowest === undefined ? { failed, large } : { failed, lowest, large }
}
