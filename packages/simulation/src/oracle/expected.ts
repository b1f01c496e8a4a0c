import type { ChordCase, DecisionText, Policy, RecordText, Shape, SlotText } from './chord-case.ts'

/** Whether the body runs or its error is stored, by the rules of the policies and what was in the slots. */
export function expectedKind(record: RecordText, chord: ChordCase, missing: readonly number[]): DecisionText['kind'] {
  const { policy, why, size } = record
  if (why === 'never-sealed' || why === 'cancelled') return 'error'
  if (policy === 'collect') return 'body'
  const isMissing = new Set(missing)
  const slots = [...chord.slots].filter(([slot]) => slot < size && !isMissing.has(slot)).map(([, entry]) => entry)
  const failed = slots.filter(hasFailed).length
  if (typeof policy === 'object') return slots.length - failed >= policy.atLeast ? 'body' : 'error'
  return failed > 0 || missing.length > 0 ? 'error' : 'body'
}

/** What the body must be called with. */
export function expectedArgument(record: RecordText, chord: ChordCase, decision: DecisionText): unknown {
  const { id, size, policy, results, shape } = record
  const { missing } = decision
  if (results === 'reference') return { 'arpeggio-chord': id, size, policy, ...(missing ? { missing } : {}) }
  return shaped(expectedValues(record, chord, decision), shape ?? undefined)
}

/** What is in the slots, as a body reads it one by one. */
export function expectedValues(
  { size, policy }: RecordText,
  chord: ChordCase,
  { missing = [] }: DecisionText,
): readonly unknown[] {
  return Array.from({ length: size }, (_, slot) => {
    const entry = missing.includes(slot) ? undefined : chord.slots.get(slot)
    return isSettling(policy) ? settled(entry) : (entry?.value ?? null)
  })
}

export function hasFailed({ state }: SlotText): boolean {
  return state === 'FAILURE' || state === 'REVOKED'
}

function isSettling(policy: Policy): boolean {
  return policy === 'collect' || typeof policy === 'object'
}

/** Without the ids of missing tasks, which the slots do not tell. */
function settled(entry: SlotText | undefined): unknown {
  if (entry === undefined) return { status: 'PENDING' }
  const { taskId, state, value } = entry
  return hasFailed(entry)
    ? { taskId, status: state, error: value }
    : { taskId, status: 'SUCCESS', result: value ?? null }
}

function shaped(values: readonly unknown[], shape: Shape | undefined): readonly unknown[] {
  if (shape === undefined) return values
  const rest = [...values]
  const fill = (part: Shape): readonly unknown[] => part.map((one) => (one === 1 ? rest.shift() : fill(one)))
  return [...fill(shape), ...rest]
}
