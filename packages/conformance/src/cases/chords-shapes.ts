import assert from 'node:assert/strict'
import { type AnySignature, chain, chord, executeTask, group, type Results, type Signature, task } from '@arpeggio/core'
import { type Case, ChapterCases } from '../case.ts'
import { Chance } from '../chance.ts'
import { ChordStage } from '../chord-stage.ts'

/** Results in what it is called with, so that a value tells how it came about. */
const join = task('kit.join', (...args: readonly unknown[]) => args)

/** A call as a plan, from which both a signature and the expected value can be made. */
type Plan =
  | { readonly kind: 'task'; readonly mark: number }
  | { readonly kind: 'group'; readonly members: readonly Plan[] }
  | { readonly kind: 'chain'; readonly members: readonly Plan[] }
  | { readonly kind: 'chord'; readonly members: readonly Plan[]; readonly mark: number }

/** That nesting changes neither the order nor the form of what a body gets, and that nothing runs twice. */
export const chordShapes: readonly Case[] = new ChapterCases('chords')
  .add('groups in a header keep their form, also those of one member and of none', {
    async run(trial) {
      const one = leaf(1)
      await using stage = new ChordStage(trial)
      const results = stage.open()
      const headers: readonly (readonly Plan[])[] = [
        [{ kind: 'group', members: [leaf(1), leaf(2)] }, leaf(3)],
        [{ kind: 'group', members: [one] }],
        [{ kind: 'group', members: [] }, leaf(3)],
        [{ kind: 'group', members: [{ kind: 'group', members: [leaf(1), leaf(2)] }, leaf(3)] }],
        [{ kind: 'chain', members: [leaf(1), leaf(2)] }, leaf(3)],
        [{ kind: 'chain', members: [leaf(1), { kind: 'group', members: [leaf(2), leaf(3)] }] }],
        [{ kind: 'chord', members: [leaf(1), leaf(2)], mark: 3 }, leaf(4)],
        [{ kind: 'chord', members: [], mark: 3 }],
      ]
      for (const [at, members] of headers.entries()) await assertPlays(stage, results, { seed: at, members })
    },
  })
  .add('[T-07] any nesting of groups, chains and chords in a header gives the body what running it in order would', {
    async run(trial) {
      await using stage = new ChordStage(trial)
      const processes = [stage.open(), await stage.openAnother()]
      for (let seed = 0; seed < Math.min(trial.rounds, 150); seed++) {
        const chance = new Chance(seed)
        const members = Array.from({ length: 1 + chance.below(4) }, () => randomPlan(chance, 3))
        const results = processes[seed % 2] ?? assert.fail('no process')
        await assertPlays(stage, results, { seed, members })
      }
    },
  })
  .add('a chord behind a group or a step in a chain, and steps behind a chord, run in their order', {
    async run(trial) {
      await using stage = new ChordStage(trial)
      const results = stage.open()
      const two: Plan = { kind: 'group', members: [leaf(1), leaf(2)] }
      const chains: readonly (readonly Plan[])[] = [
        [leaf(0), two, leaf(3)],
        [two, leaf(3), leaf(4)],
        [leaf(0), { kind: 'chord', members: [leaf(1), leaf(2)], mark: 3 }, leaf(4)],
        [two, two, leaf(5)],
      ]
      for (const members of chains) {
        const plan: Plan = { kind: 'chain', members }
        const handle = await results.apply(signatureOf(plan))
        await drain(stage, results, new Chance(1))
        const { id } = handle
        assert.deepEqual(await results.result(id).get({ timeoutMs: trial.patienceMs }), valueOf(plan))
      }
    },
  })
  .list()

function leaf(mark: number): Plan {
  return { kind: 'task', mark }
}

function randomPlan(chance: Chance, depth: number): Plan {
  const kind = depth === 0 ? 0 : chance.below(6)
  const mark = chance.below(1000)
  if (kind < 3) return leaf(mark)
  const members = Array.from({ length: 1 + chance.below(3) }, () => randomPlan(chance, depth - 1))
  if (kind === 3) return { kind: 'group', members }
  if (kind === 4) return { kind: 'chain', members: [leaf(mark), ...members] }
  return { kind: 'chord', members, mark }
}

function signatureOf(plan: Plan): Signature {
  if (plan.kind === 'task') return complete(join.s(plan.mark))
  const members = plan.members.map(signatureOf)
  if (plan.kind === 'group') return complete(group(members))
  const [first = complete(group([])), ...rest] = members
  return complete(plan.kind === 'chain' ? chain([first, ...rest]) : chord(members, join.s(plan.mark)))
}

/** Tasks that take whatever comes lack nothing, which their types cannot say. */
function complete(signature: AnySignature): Signature {
  return signature as unknown as Signature
}

/** What running it in order would give, with the result of the step before in front. */
function valueOf(plan: Plan, ...before: readonly unknown[]): unknown {
  if (plan.kind === 'task') return [...before, plan.mark]
  if (plan.kind === 'chain') return valueOfChain(plan.members, before)
  if (plan.kind === 'chord') return [plan.members.map((member) => valueOf(member, ...before)), plan.mark]
  // A group among the members of a group is flattened, as in Celery.
  return plan.members.flatMap((member) => {
    const value = valueOf(member, ...before)
    return member.kind === 'group' ? value : [value]
  })
}

function valueOfChain([step, ...rest]: readonly Plan[], before: readonly unknown[]): unknown {
  return step === undefined ? before[0] : valueOfChain(rest, [valueOf(step, ...before)])
}

interface Play {
  readonly seed: number
  readonly members: readonly Plan[]
}

async function assertPlays(stage: ChordStage, results: Results, { seed, members }: Play): Promise<void> {
  const plan: Plan = { kind: 'chord', members, mark: -1 }
  const handle = await results.apply(signatureOf(plan))
  const begun = stage.taken
  await drain(stage, results, new Chance(seed))
  const ids = stage.queue.messages.slice(begun).map(({ id }) => id)
  assert.equal(new Set(ids).size, ids.length, `seed ${seed}: a task ran twice in ${JSON.stringify(plan)}`)
  const value = await results.result(handle.id).get({ timeoutMs: 1000 })
  assert.deepEqual(value, valueOf(plan), `seed ${seed}: ${JSON.stringify(plan)}`)
}

/** Runs what was published and what that publishes, in any order. */
async function drain(stage: ChordStage, results: Results, chance: Chance): Promise<void> {
  const { messages } = stage.queue
  while (stage.taken < messages.length) {
    const ready = chance.shuffled(messages.slice(stage.taken))
    stage.taken = messages.length
    for (const message of ready) await executeTask(join, message, results)
  }
}
