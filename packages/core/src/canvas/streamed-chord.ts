import type { ChordOptions } from './chord-options.ts'
import type { AnySignature } from './signature.ts'

/**
 * A chord whose header is read as it is started, so that it never is in memory as a whole. It can be applied, but
 * cannot be part of another signature.
 */
export class StreamedChord<Result = unknown> {
  /** Types only: there is no such property at run time. */
  declare readonly '~types'?: { readonly result: Result }
  readonly header: AsyncIterable<AnySignature> | Iterable<AnySignature>
  readonly body: AnySignature
  readonly options: ChordOptions

  constructor(
    header: AsyncIterable<AnySignature> | Iterable<AnySignature>,
    body: AnySignature,
    options: ChordOptions = {},
  ) {
    this.header = header
    this.body = body
    this.options = options
  }
}
