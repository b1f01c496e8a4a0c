import type { Signature, StreamedChord } from '@arpeggio/core'
import type { ChordCase } from '../../oracle/chord-case.ts'
import type { ChordOracle } from '../../oracle/chord-oracle.ts'
import { hasFailed } from '../../oracle/expected.ts'
import { rootId } from './build.ts'
import { sweep, type Plot } from './script.ts'

const roundMs = 16_000
/** Leases run out within two rounds, and one taken up by a process that is then overtaken within two more. */
const rounds = 8

/** Nothing breaks any more: what was begun must come to its end, and be gone when its time is over. */
export async function finish(plot: Plot, chord: () => Signature | StreamedChord): Promise<void> {
  const { simulation } = plot
  simulation.heal()
  judgeFailFast(plot)
  // At first without a sweep: whoever fills the last slot does what is due.
  for (let round = 0; round < 2 && mustGoOn(plot); round += 1) {
    await pass(plot)
    judgeFailFast(plot)
  }
  judgePromptness(plot)
  await comeToRest(plot)
  if (mustGoOn(plot)) await passDeadline(plot)
  if (simulation.violations.length > 0 || simulation.world.isLeft) return
  judgeEnds(plot)
  await comeLate(plot, chord)
  judgeLeftovers(plot)
  await expire(plot)
}

/** Lets time pass, sweep after sweep, until all is over. */
async function comeToRest(plot: Plot): Promise<void> {
  for (let round = 0; round < rounds && mustGoOn(plot); round += 1) {
    const { simulation, script } = plot
    sweep(simulation, script.someone())
    if (round % 2 === 1) sweep(simulation, script.someone())
    await pass(plot)
  }
}

async function pass(plot: Plot): Promise<void> {
  const { simulation, script, scenario } = plot
  const { world } = simulation
  for (const wish of script.wishes) {
    if (wish.state === 'open' && (scenario.isPersistent || wish.by === undefined))
      script.attempt(wish, script.someone())
  }
  const untilMs = world.now + roundMs
  if (!(await world.run({ maxSteps: 3_000, untilMs })) && !world.isLeft)
    simulation.violate('it comes to rest', 'it does not')
  world.now = Math.max(world.now, untilMs)
}

function mustGoOn(plot: Plot): boolean {
  return plot.simulation.violations.length === 0 && !isSettled(plot)
}

/** Whoever was interrupted has been told so, and has tried again: nothing is left for a sweep but expired leases. */
function judgePromptness(plot: Plot): void {
  const { simulation, scenario, script, oracle } = plot
  const isAtRest = script.isIdle && script.wishes.every(({ state }) => state === 'granted' || state === 'refused')
  if (!isAtRest || !scenario.isPersistent || isInterrupted(oracle)) return
  const overdue = [...oracle.cases.values()].filter((chord) => oracle.isOverdue(chord) && isWanted(plot, chord))
  if (overdue.length > 0) simulation.violate('the last part fires it', overdue.map(({ id }) => id).join())
  // Every part has been run, and whatever became of it has filled its slot.
  const isOpen = oracle.cases.get(rootId)?.record?.state === 'sealed'
  if (isOpen && !isMisled(plot)) simulation.violate('every ending fills its slot', states(plot))
}

/** Whether the root may wait: for parts that will not come, or for the sweep that finds what broke before its slot was filled. */
function isMisled(plot: Plot): boolean {
  return plot.simulation.hasBroken || plot.scenario.forgets > 0 || isSealedWrongly(plot)
}

function isSealedWrongly({ script }: Plot): boolean {
  return script.wishes.some(({ name, state }) => name === 'seal again' && state === 'granted')
}

/** Whether a lease has to run out before a chord goes on, which may be a part of another. */
function isInterrupted({ cases }: ChordOracle): boolean {
  return [...cases.values()].some(({ record }) => record?.state === 'dispatching')
}

/** A failed part that has been dealt with has fired a chord that fails fast, unless that was not sealed; then its sealer has. */
function judgeFailFast({ simulation, scenario, script, oracle }: Plot): void {
  const chord = oracle.cases.get(rootId)
  if (script.wishes[0]?.state !== 'granted' || scenario.queue !== 'durable' || isInterrupted(oracle)) return
  if (chord?.record?.state !== 'sealed' || chord.record.policy !== 'failFast') return
  const { size } = chord.record
  const failed = [...chord.slots].filter(([slot, entry]) => slot < size && hasFailed(entry))
  const late = failed.find(([, { taskId }]) => !simulation.broker.isUnderWay(taskId))
  if (late !== undefined) simulation.violate('the first failure fires it', `slot ${late[0]} has failed`)
}

/** Where nobody tried again, parts were never announced or started: then the deadline ends the chord. */
async function passDeadline(plot: Plot): Promise<void> {
  const { simulation, scenario, oracle } = plot
  const undecided = [...oracle.cases.values()].filter(({ record, decision }) => record !== undefined && !decision)
  const due = undecided.filter((chord) => isWanted(plot, chord))
  if (scenario.isPersistent && !isSealedWrongly(plot) && due.length > 0) {
    return simulation.violate('it is fired once nothing breaks any more', due.map(({ id }) => id).join())
  }
  const deadlines = undecided.map(({ record }) => record?.deadline ?? 0)
  simulation.world.now = Math.max(simulation.world.now, ...deadlines) + 62_000
  await comeToRest(plot)
  if (!isSettled(plot)) simulation.violate('the deadline ends it', states(plot))
}

/**
 * A chord within one that is over, or whose body has ended otherwise, is of no interest to anybody any more: when nothing is
 * delivered to it again, the sweep finds it in its time.
 */
function isWanted({ oracle }: Plot, { record }: ChordCase): boolean {
  if (oracle.cases.get(rootId)?.record?.state === 'done') return false
  return record?.bodyIds.every((id) => oracle.hasEnded(id) || oracle.isInSlot(id)) !== true
}

function isSettled({ simulation, scenario, script, oracle }: Plot): boolean {
  // Whoever stands still may be about to publish.
  const { members, world } = simulation
  if (members.some(({ process }) => process.isAlive && !process.runsAt(world.now))) return false
  if (!script.isIdle || script.wishes.some(({ state }) => state === 'under way')) return false
  if (scenario.isPersistent && script.wishes[0]?.state === 'open') return false
  return [...oracle.cases.values()].every((chord) => isOver(chord, oracle))
}

/** A chord by reference is kept until its body has left a result; one that leaves none only expires. */
function isOver({ record }: ChordCase, oracle: ChordOracle): boolean {
  if (record === undefined || record.state === 'done') return true
  return (
    record.state === 'published' &&
    record.results === 'reference' &&
    record.bodyIds.some((id) => oracle.leavesNothing(id))
  )
}

function states({ oracle }: Plot): string {
  return [...oracle.cases.values()].map(({ id, record }) => `${id} is ${record?.state ?? 'unknown'}`).join(', ')
}

function judgeEnds({ simulation, oracle, script }: Plot): void {
  for (const chord of oracle.cases.values()) {
    if (chord.record === undefined) continue
    const problem = problemOf(chord, (id) => oracle.hasEnded(id))
    if (problem !== undefined) simulation.violate('it comes to an end', `chord ${chord.id}: ${problem}`)
  }
  for (const { name, state } of script.wishes) {
    if (state === 'granted' && name.startsWith('add') && countOfAdds(oracle.cases.get('root')) === 0) {
      simulation.violate('growth is counted or refused', `${name} was granted and not counted`)
    }
  }
}

function countOfAdds(chord: ChordCase | undefined): number {
  return chord?.adds.size ?? 0
}

function problemOf(chord: ChordCase, hasEnded: (id: string) => boolean): string | undefined {
  const { decision, lastFull, entryIds, published } = chord
  if (decision === undefined) return 'it was never decided'
  if (decision.kind === 'body' && entryIds.some((id) => !published.has(id))) return 'its body was not published'
  if (decision.kind === 'error' && published.size > 0) return 'its body was published and its error stored'
  const unended = (lastFull?.bodyIds ?? []).filter((id) => !hasEnded(id))
  return unended.length > 0 ? `its body has not ended: ${unended.join()}` : undefined
}

/** What is delivered or applied again when all is over changes nothing. */
async function comeLate(
  { simulation, scenario, script, oracle }: Plot,
  chord: () => Signature | StreamedChord,
): Promise<void> {
  const { world, broker, choices } = simulation
  const before = broker.published.length
  const over = new Set([...oracle.cases.values()].filter(({ record }) => record?.state === 'done').map(({ id }) => id))
  for (let left = scenario.lateMessages; left > 0 && broker.published.length > 0; left -= 1) {
    broker.redeliver(choices.of(broker.published).message)
  }
  if (scenario.isAppliedAgain) script.wish('start the chord again', ({ results }) => results.apply(chord()))
  for (const wish of script.wishes) if (wish.name === 'start the chord again') script.attempt(wish, script.someone())
  sweep(simulation, script.someone())
  if (!(await world.run({ maxSteps: 2_000, untilMs: world.now + 60_000 })))
    simulation.violate('it comes to rest', 'late')
  const bodies = broker.published
    .slice(before)
    .filter(({ message }) => over.has(message.bodyOf ?? '') && !message.retries)
  const entries = bodies.filter(({ message }) => oracle.cases.get(message.bodyOf ?? '')?.entryIds.includes(message.id))
  if (entries.length > 0) simulation.violate('what is over stays over', `${entries[0]?.message.id} was published again`)
}

/** Where nothing broke, no slot of a chord that is over is left. */
function judgeLeftovers({ simulation, oracle }: Plot): void {
  if (simulation.hasBroken) return
  // Anything else, such as the large value of a repeat, may have come late, and expires.
  const marker = /^arpeggio-chord-m:[^:]*:0:/u
  // Of a chord that ended before its size was known nobody knows which slots were filled.
  const isOpen = [...oracle.cases.values()].some(({ record }) => record?.state !== 'done' || record.size === 0)
  const { store } = simulation.world
  // Nor which chord a late part belongs to whose tombstone has expired.
  const isForgotten = store.keys('arpeggio-chord-r:', '').length < oracle.cases.size
  const left = store.keys('', '').filter((key) => marker.test(key))
  if (!isOpen && !isForgotten && left.length > 0) simulation.violate('no slot is left of what is over', left.join(' '))
}

async function expire({ simulation, script }: Plot): Promise<void> {
  const { world } = simulation
  world.now += 3 * 86_400_000
  const left = world.store.keys('', '')
  if (left.length > 0) simulation.violate('nothing remains', left.join(' '))
  if (world.choices.chance(0.02)) {
    sweep(simulation, script.someone())
    await world.run({ maxSteps: 500, untilMs: world.now + 1_000 })
    if (world.store.keys('', '').length > 0) simulation.violate('nothing remains', 'a sweep brought something back')
  }
}
