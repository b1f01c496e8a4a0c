import type { RecordText } from './chord-case.ts'

type State = RecordText['state']

/** Where a chord may go from where it is. */
const steps: Readonly<Record<State, readonly State[]>> = {
  open: ['open', 'sealed', 'dispatching'],
  sealed: ['sealed', 'dispatching'],
  // Whoever takes over from one that stopped claims anew.
  dispatching: ['dispatching', 'published'],
  published: ['published', 'dispatching', 'done'],
  done: [],
}

const reasons: Readonly<Record<State, readonly RecordText['why'][]>> = {
  open: ['never-sealed', 'cancelled'],
  sealed: ['complete', 'failed', 'deadline', 'cancelled'],
  dispatching: ['complete', 'failed', 'deadline', 'never-sealed', 'cancelled'],
  published: ['complete', 'failed', 'deadline', 'never-sealed', 'cancelled'],
  done: [],
}

/** What must never change once it is there. */
const fixed = ['id', 'createdAt', 'deadline', 'bodyIds', 'policy', 'results', 'header', 'sealedSize'] as const
const fixedUntilDone = ['body', 'shape', 'decision'] as const

/** What is wrong with a write of a chord's record, if anything. */
export function brokenBy(before: RecordText | undefined, after: RecordText): string | undefined {
  if (before === undefined)
    return after.state === 'open' || after.state === 'sealed' ? undefined : `begins ${after.state}`
  if (!steps[before.state].includes(after.state)) return `went from ${before.state} to ${after.state}`
  if (after.rev !== before.rev + 1) return `revision ${before.rev} was followed by ${after.rev}`
  const names = after.state === 'done' ? fixed : [...fixed, ...fixedUntilDone]
  const changed = names.find((name) => isSet(before[name]) && isOther(before[name], after[name]))
  if (changed !== undefined) return `${changed} was ${text(before[changed])} and became ${text(after[changed])}`
  return brokenSize(before, after) ?? brokenClaim(before, after)
}

function brokenSize(before: RecordText, after: RecordText): string | undefined {
  const mayGrow = before.state === 'open' || (before.state === 'sealed' && after.state === 'sealed')
  if (after.size < before.size || (after.size > before.size && !mayGrow)) {
    return `had ${before.size} slots as ${before.state} and ${after.size} as ${after.state}`
  }
  if (after.state === 'done') return undefined
  const lost = Object.keys(before.adds).find((addId) => isOther(before.adds[addId], after.adds[addId]))
  return lost === undefined ? undefined : `lost the addition ${lost}`
}

function brokenClaim(before: RecordText, after: RecordText): string | undefined {
  const { attempt } = before
  if (after.attempt !== attempt) return brokenAttempt(before, after)
  const isOverdue = after.state === 'dispatching' && before.state !== 'dispatching'
  return isOverdue ? 'was claimed without an attempt of its own' : undefined
}

function brokenAttempt({ attempt, why, state }: RecordText, after: RecordText): string | undefined {
  const isClaim = after.attempt === attempt + 1 && after.state === 'dispatching'
  if (!isClaim) return `attempt ${attempt} was followed by ${after.attempt} as ${after.state}`
  if (!reasons[state].includes(after.why)) return `was claimed as ${String(after.why)} when it was ${state}`
  const mayChange = why === undefined || (why === 'complete' && after.why === 'deadline')
  return after.why === why || mayChange ? undefined : `was claimed as ${why} and then as ${String(after.why)}`
}

function isSet(value: unknown): boolean {
  return value !== undefined && value !== null
}

function isOther(one: unknown, other: unknown): boolean {
  return text(one) !== text(other)
}

function text(value: unknown): string {
  return JSON.stringify(value) ?? 'nothing'
}
