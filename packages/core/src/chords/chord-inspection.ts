import type { ChordPolicy } from '../canvas/chord-options.ts'
import type { ChordRecord, ChordState, Decision, Held, Lease } from './chord-record.ts'
import type { ChordTools } from './dispatcher.ts'

/** What there is to know about a chord. */
export interface ChordInspection {
  readonly id: string
  readonly state: ChordState
  readonly bodyIds: readonly string[]
  readonly policy: ChordPolicy
  /** How many slots there are; those of an open chord are not all known. */
  readonly size: number
  readonly missing: readonly MissingSlot[]
  readonly createdAt: Date
  readonly deadline: Date
  readonly attempt: number
  readonly lease?: { readonly owner: string; readonly until: Date }
  readonly decision?: Decision
  /** What went wrong when the outcome was last published. */
  readonly trouble?: string
  /** In one sentence: why its outcome has not been published, or that it has. */
  readonly explanation: string
}

export interface MissingSlot {
  readonly slot: number
  readonly taskId?: string
}

export async function inspect(tools: ChordTools, held: Held): Promise<ChordInspection> {
  const { record } = held
  const isUnclaimed = record.state === 'open' || record.state === 'sealed'
  const slots = isUnclaimed && record.size > 0 ? (await tools.ledger.look(held)).missing : []
  const ids = slots.length > 0 ? await tools.pages.ids(record) : []
  const missing = slots.map((slot): MissingSlot => {
    const taskId = ids[slot]
    return taskId === undefined ? { slot } : { slot, taskId }
  })
  const { id, state, bodyIds, policy, size, createdAt, deadline, attempt, lease, decision, trouble } = record
  return {
    id,
    state,
    bodyIds,
    policy,
    size,
    missing,
    createdAt: new Date(createdAt),
    deadline: new Date(deadline),
    attempt,
    ...(lease ? { lease: { owner: lease.owner, until: new Date(lease.until) } } : {}),
    ...(decision ? { decision } : {}),
    ...(trouble ? { trouble } : {}),
    explanation: explanationOf(record, missing, tools.clock.now()),
  }
}

function explanationOf(record: ChordRecord, missing: readonly MissingSlot[], now: number): string {
  const { state, deadline, lease, trouble, size, decision, why } = record
  const until = new Date(deadline).toISOString()
  const what = decision?.kind === 'error' ? 'error' : 'body'
  const explanations: Readonly<Record<ChordState, () => string>> = {
    open: () => `It was not sealed: whoever announces its parts has not come to an end, and it fails at ${until}.`,
    sealed: () =>
      missing.length === 0
        ? 'All its slots are filled, and the next sweep of a process with a publisher takes it up.'
        : `${missing.length} of its ${size} slots are empty; it ends at ${until} unless they are filled.`,
    dispatching: () => `${leaseText(lease, now)}${trouble ? ` The last attempt failed: ${trouble}` : ''}`,
    published: () => `Its ${what} has been published; it is kept until the body has ended.`,
    done: () => `It is over: ${why === 'peer' ? 'a worker of Celery has fired it' : `its ${what} was published`}.`,
  }
  return explanations[state]()
}

function leaseText(lease: Lease | null | undefined, now: number): string {
  if (!lease) return 'It is complete, and its outcome is being decided.'
  const until = new Date(lease.until).toISOString()
  if (lease.until <= now) return `${lease.owner} has stopped working on its outcome; the next sweep takes it up.`
  return `${lease.owner} is working on its outcome, alone until ${until}.`
}
