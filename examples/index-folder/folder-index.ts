/** What is known of a folder: the result of the whole chord. No larger than what is shown, however many files there are. */
export interface FolderIndex {
  /** The largest first. */
  readonly types: readonly TypeTotals[]
  /** All types that are not listed. */
  readonly others: Totals & { readonly types: number }
  readonly totals: Totals
  readonly duplicates: Excerpt & { readonly copies: number }
  readonly failed: Excerpt
  /** The same for the same files, whatever the order in which they were read. */
  readonly digest: string
}

export interface Totals {
  readonly files: number
  readonly lines: number
  readonly bytes: number
}

export interface TypeTotals extends Totals {
  readonly type: string
}

/** The beginning of a list. */
export interface Excerpt {
  readonly count: number
  readonly first: readonly string[]
}
