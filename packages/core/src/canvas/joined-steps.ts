import { Signature, type AnySignature } from './signature.ts'

/**
 * The steps of a chain as they run: what follows a group makes a chord of it, what follows a chord belongs to its body.
 * So only the last step may be other than a task.
 */
export function joinedSteps(steps: readonly AnySignature[]): readonly AnySignature[] {
  const flat = steps.flatMap(flattened)
  const at = flat.findIndex(({ kind }) => kind !== 'task')
  const many = flat[at]
  if (many === undefined || at === flat.length - 1) return flat
  return [...flat.slice(0, at), followed(many, flat.slice(at + 1))]
}

/** A group as the header of a chord, whose id is the group's. */
export function chordOfGroup(group: AnySignature, body: AnySignature): AnySignature {
  const { task_id: id, ...options } = group.options
  const tasks = group.tasks.map((member) => member.with({ options: { ...member.options, ...options } }))
  const chord = typeof id === 'string' ? { arpeggio_chord: { id } } : {}
  return new Signature({ task: 'celery.chord', kind: 'chord', tasks, body, options: chord })
}

/** Steps as one call. */
export function joined(steps: readonly AnySignature[]): AnySignature {
  const tasks = joinedSteps(steps)
  const [first] = tasks
  return first !== undefined && tasks.length === 1
    ? first
    : new Signature({ task: 'celery.chain', kind: 'chain', tasks })
}

function followed(many: AnySignature, rest: readonly AnySignature[]): AnySignature {
  return many.body === undefined ? chordOfGroup(many, joined(rest)) : many.with({ body: joined([many.body, ...rest]) })
}

// A chain's options are those of its first step, but its id is that of its last.
function flattened(step: AnySignature): readonly AnySignature[] {
  if (step.kind !== 'chain') return [step]
  const { task_id: id, ...options } = step.options
  const last = step.tasks.length - 1
  const tasks = step.tasks.map((task, at) => {
    const start = at === 0 ? options : {}
    const end = at === last && typeof id === 'string' ? { task_id: id } : {}
    return task.with({ options: { ...end, ...task.options, ...start } })
  })
  return tasks.flatMap(flattened)
}
