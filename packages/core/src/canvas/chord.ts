import { checkChordOptions, type ChordOptions } from './chord-options.ts'
import type { BodyFor, BodyResult, Chorded, ChordHeader } from './chord-types.ts'
import { chordOfGroup } from './joined-steps.ts'
import { Signature, type AnySignature } from './signature.ts'
import { StreamedChord } from './streamed-chord.ts'
import type { RunnableTask } from './task.ts'
import { wireChordOptions } from './wire-chord-options.ts'

/**
 * Calls that run in parallel, and one that runs once with all their results in front of its arguments:
 * `chord([add.s(1, 2), add.s(3, 4)], total)`. The results of a group among them are a list of their own.
 * A header that is not an array, such as a generator, is read while the chord is started.
 */
export function chord<
  const Header extends ChordHeader,
  Body extends AnySignature | RunnableTask,
  const Options extends ChordOptions = Pick<ChordOptions, 'id'>,
>(header: Header, body: Body & BodyFor<Body, Header, Options>, options?: Options): Chorded<Header, BodyResult<Body>> {
  const end: AnySignature = body instanceof Signature ? body : new Signature({ task: body.name })
  return chordOf(header, end, checkChordOptions(options ?? {})) as Chorded<Header, BodyResult<Body>> // as the header says
}

function chordOf(header: ChordHeader, body: AnySignature, options: ChordOptions): AnySignature | StreamedChord {
  if (header instanceof Signature) return withOptions(chordOfGroup(header, body), options)
  if (!Array.isArray(header))
    return new StreamedChord(header as Exclude<typeof header, readonly AnySignature[]>, body, options)
  const tasks: readonly AnySignature[] = header
  return withOptions(new Signature({ task: 'celery.chord', kind: 'chord', tasks, body }), options)
}

function withOptions(chord: AnySignature, options: ChordOptions): AnySignature {
  return chord.with({ options: { ...chord.options, ...wireChordOptions(options) } })
}
