import type { ChangeEvent, Value } from '@arpeggio/core'
import type { Published } from '../broker.ts'
import type { Simulation } from '../simulation.ts'
import { ChordCase, type DecisionText, type MarkerText, type RecordText, type SlotText } from './chord-case.ts'
import { expectedArgument, expectedKind, expectedValues, hasFailed } from './expected.ts'
import { placeOf, type Place } from './places.ts'
import { brokenBy } from './record-rules.ts'

/** How wrong a clock may be where the store has none, or where the answer to the question for its time was late. */
const clockTolerance = 61_000

/** Watches what the store and the queue see of all chords, and names every promise that is broken. */
export class ChordOracle {
  readonly cases = new Map<string, ChordCase>()
  readonly #simulation: Simulation
  /** Every ending that was stored for a task, encoded. */
  readonly #endings = new Map<string, Set<string>>()
  /** Every ending of a run whose result is not stored, encoded. */
  readonly #unstored = new Map<string, Set<string>>()

  /** Whether any run ignored itself: then nothing that follows it runs, and its slot says the same. */
  #hasIgnored = false

  constructor(simulation: Simulation) {
    this.#simulation = simulation
    simulation.world.store.listen((event) => this.#onChange(event))
    simulation.publishObservers.push((published) => this.#onPublish(published))
  }

  /** A run ended without leaving a result. */
  ran(taskId: string, value: readonly [state: string, value: unknown]): void {
    this.#hasIgnored ||= value[0] === 'IGNORED'
    entryOf(this.#unstored, taskId, () => new Set<string>()).add(JSON.stringify(value))
  }

  /** A body read these values from the store. */
  bodyRead(id: string, values: readonly unknown[]): void {
    const chord = this.#case(id)
    const { decision, lastFull } = chord
    if (decision === undefined || lastFull === undefined) return
    this.#compare('a body reads what is in the slots', id, {
      actual: withoutMissingIds(values),
      expected: expectedValues(lastFull, chord, decision),
    })
  }

  /** Whether the task has left a result, or has said that it leaves none. */
  hasEnded(taskId: string): boolean {
    return (this.#endings.get(taskId)?.size ?? 0) > 0 || this.#unstored.get(taskId)?.has('["IGNORED",null]') === true
  }

  /** Whether the task has ended without a result of its own. */
  leavesNothing(taskId: string): boolean {
    return this.hasEnded(taskId) && !this.#endings.has(taskId)
  }

  /** Whether some slot says how the task has ended. */
  isInSlot(taskId: string): boolean {
    return [...this.cases.values()].some(({ slots }) => [...slots.values()].some((entry) => entry.taskId === taskId))
  }

  /** Whether whoever filled a slot last, or sealed the chord, had to claim it. */
  isOverdue(chord: ChordCase): boolean {
    const { record, slots } = chord
    if (record?.state !== 'sealed') return false
    const { size, policy } = record
    const hasFailedFast = policy === 'failFast' && [...slots].some(([slot, entry]) => slot < size && hasFailed(entry))
    return hasFailedFast || chord.emptySlots(size).length === 0
  }

  #onChange(event: ChangeEvent): void {
    if (event.type !== 'change') return
    const { key, value } = event
    if (value !== undefined) this.#checkExpiry(key)
    const found = placeOf(key)
    if (found === undefined) return
    if (value === undefined) return this.#onRemoved(found)
    if (found.kind === 'record') this.#onRecord(found.id, parsed(value) as RecordText)
    else if (found.kind === 'marker') this.#onMarker(found, parsed(value) as MarkerText)
    else if (found.kind === 'meta') this.#onMeta(found.id, parsed(value))
    else this.#onValue(found, parsed(value))
  }

  #onRemoved({ kind, id, slot }: Place): void {
    if (kind === 'record') this.#violate('a chord that is over leaves a tombstone', id, 'its record was removed')
    if (kind === 'marker' && !this.#isOver(this.#case(id))) {
      this.#violate('slots stay filled until the chord is over', id, `slot ${slot} was emptied`)
    }
  }

  #isOver({ record }: ChordCase): boolean {
    return record === undefined || record.state === 'published' || record.state === 'done'
  }

  #onValue({ id, slot }: Place, value: unknown): void {
    const { values } = this.#case(id)
    if (!values.has(slot)) values.set(slot, value)
  }

  #checkExpiry(key: string): void {
    if (this.#simulation.world.store.get(key)?.expiresAt === undefined) {
      this.#simulation.violate('nothing is left without expiry', key)
    }
  }

  #onMeta(id: string, meta: unknown): void {
    const { status, result } = meta as { readonly status: string; readonly result: unknown } // Celery's document
    if (!['SUCCESS', 'FAILURE', 'REVOKED'].includes(status)) return
    entryOf(this.#endings, id, () => new Set<string>()).add(JSON.stringify([status, result]))
  }

  #onMarker({ id, slot }: Place, marker: MarkerText): void {
    const chord = this.#case(id)
    const { store } = this.#simulation.world
    const expiry = store.get(`arpeggio-chord-m:${encodeURIComponent(id)}:0:${slot}`)?.expiresAt?.getTime() ?? Infinity
    if (expiry < (chord.record?.deadline ?? 0)) this.#violate('slots outlive the deadline', id, `slot ${slot} does not`)
    if (!chord.slots.has(slot)) this.#fill(chord, slot, marker)
    else if (!this.#isOver(chord))
      this.#violate('the first ending of a slot stays', id, `slot ${slot} was filled twice`)
  }

  #fill(chord: ChordCase, slot: number, { t: taskId, s: state, v }: MarkerText): void {
    if (v === undefined && !chord.values.has(slot)) {
      this.#violate('a value is there before its marker', chord.id, `slot ${slot}`)
    }
    const entry: SlotText = { taskId, state, value: v === undefined ? chord.values.get(slot) : v }
    chord.slots.set(slot, entry)
    this.#checkTruth(chord.id, slot, entry)
  }

  /** What is in a slot has happened: it was stored as a result, or came from a run whose result is not stored. */
  #checkTruth(id: string, slot: number, { taskId, state, value }: SlotText): void {
    const isStored = [...(this.#endings.get(taskId) ?? [])].some((ending) => isOfRun(ending, state, value))
    const ofRun = this.#unstored.get(taskId)
    const isRun = ofRun !== undefined && [...ofRun].some((run) => isOfRun(run, state, value))
    if (!isStored && !isRun && !(state === 'IGNORED' && this.#hasIgnored)) {
      this.#violate(
        'a slot holds what happened',
        id,
        `slot ${slot} says ${state} ${JSON.stringify(value)} of ${taskId}`,
      )
    }
  }

  #onRecord(id: string, after: RecordText): void {
    const chord = this.#case(id)
    const { record: before } = chord
    const broken = brokenBy(before, after)
    if (broken !== undefined) this.#violate('a chord goes only the ways that there are', id, broken)
    chord.record = after
    // Little happens between the claim and the end, and much may go wrong there.
    this.#simulation.faults.isHot = after.state === 'dispatching' || after.state === 'published'
    if (after.state === 'done') return this.#onDone(chord)
    chord.lastFull = after
    for (const addId of Object.keys(after.adds)) chord.adds.add(addId)
    this.#onStep(chord, before, after)
  }

  #onStep(chord: ChordCase, before: RecordText | undefined, after: RecordText): void {
    if (after.state === 'dispatching' && after.attempt !== before?.attempt) this.#onClaim(chord, after)
    if (after.decision && chord.decision === undefined) this.#onDecision(chord, after, after.decision)
    if (after.state === 'published' && before?.state === 'dispatching') this.#onSettled(chord, after)
  }

  #onDone({ id, lastFull, decision }: ChordCase): void {
    const unended = (lastFull?.bodyIds ?? []).filter((bodyId) => !this.hasEnded(bodyId))
    if (lastFull?.results === 'reference' && decision?.kind === 'body' && unended.length > 0) {
      this.#violate('what a body reads stays until it has ended', id, `${unended.join()} has not ended`)
    }
  }

  #onClaim(chord: ChordCase, { id, why, deadline, size }: RecordText): void {
    const empty = chord.emptySlots(size)
    chord.emptyAtClaim = empty
    if (why === 'complete' && empty.length > 0) {
      this.#violate('only a complete chord is complete', id, `slots ${empty.join()} of ${size} were empty`)
    }
    const isEarly =
      (why === 'deadline' || why === 'never-sealed') && this.#simulation.world.now < deadline - clockTolerance
    if (isEarly) this.#violate('no deadline before its time', id, new Date(deadline).toISOString())
    const isUnfounded = why === 'failed' && ![...chord.slots.values()].some(hasFailed)
    if (isUnfounded) this.#violate('nothing fails without a failure', id, 'it was claimed as failed')
  }

  #onDecision(chord: ChordCase, record: RecordText, decision: DecisionText): void {
    const { id, size, why, policy } = record
    chord.decision = decision
    const empty = chord.emptySlots(size)
    this.#checkMissing(chord, decision, empty)
    if (why === 'failed' && policy === 'failFast') {
      if (decision.kind !== 'error') this.#violate('the policy decides', id, 'a failed chord got its body')
      return
    }
    // A slot may have been filled while the others were read.
    const views = [decision.kind === 'body' ? (decision.missing ?? []) : empty, chord.emptyAtClaim]
    const kinds = views.map((missing) => expectedKind(record, chord, missing))
    if (!kinds.includes(decision.kind))
      this.#violate('the policy decides', id, `${JSON.stringify(policy)}: ${decision.kind}`)
    this.#checkCause(chord, record, decision)
  }

  #checkMissing({ id, emptyAtClaim }: ChordCase, { kind, missing = [] }: DecisionText, empty: readonly number[]): void {
    const wrongly = missing.filter((slot) => !emptyAtClaim.includes(slot))
    const missed = kind === 'body' ? empty.filter((slot) => !missing.includes(slot)) : []
    if (wrongly.length + missed.length > 0) {
      this.#violate('the missing slots are the empty ones', id, `missing ${missing.join()}, empty ${missed.join()}`)
    }
  }

  /** The failure that is named is that of the lowest slot. */
  #checkCause(chord: ChordCase, { id, size, why }: RecordText, { kind, cause }: DecisionText): void {
    if (kind !== 'error' || why !== 'complete') return
    const lowest = [...chord.slots]
      .filter(([slot, entry]) => slot < size && hasFailed(entry))
      .toSorted(([a], [b]) => a - b)[0]?.[1].taskId
    if (cause?.taskId !== lowest) {
      this.#violate('the lowest failed slot is the reason', id, `${String(cause?.taskId)} instead of ${String(lowest)}`)
    }
  }

  #onSettled(chord: ChordCase, { id, decision, bodyIds }: RecordText): void {
    const unpublished = chord.entryIds.filter((entry) => !chord.published.has(entry))
    if (decision?.kind === 'body' && unpublished.length > 0) {
      this.#violate('published means published', id, `${unpublished.join()} was not`)
    }
    const unended = bodyIds.filter((bodyId) => !this.hasEnded(bodyId))
    if (decision?.kind === 'error' && unended.length > 0) {
      this.#violate('published means published', id, `the error is not stored for ${unended.join()}`)
    }
  }

  #onPublish({ message }: Published): void {
    const { id: taskId, bodyOf, retries = 0, args, kwargs } = message
    if (bodyOf === undefined || retries > 0) return
    const chord = this.#case(bodyOf)
    // What a step of a chain is given depends on the run of the step before.
    if (!chord.entryIds.includes(taskId)) return
    const encoded = JSON.stringify([args, kwargs])
    const before = chord.messages.get(taskId) ?? encoded
    chord.messages.set(taskId, encoded)
    if (before !== encoded) this.#violate('a body is published with the same values', bodyOf, `${before}, ${encoded}`)
    chord.published.set(taskId, (chord.published.get(taskId) ?? 0) + 1)
    this.#onBody(chord, args[0])
  }

  #onBody(chord: ChordCase, argument: unknown): void {
    const { id, decision, lastFull } = chord
    if (decision === undefined || lastFull === undefined)
      return this.#violate('no early publish', id, 'it was not decided')
    if (decision.kind !== 'body') return this.#violate('one decided outcome', id, 'the error was decided')
    this.#compare('body values are those of the slots', id, {
      actual: withoutMissingIds(argument),
      expected: expectedArgument(lastFull, chord, decision),
    })
  }

  #compare(
    rule: string,
    id: string,
    { actual, expected }: { readonly actual: unknown; readonly expected: unknown },
  ): void {
    const [is, should] = [JSON.stringify(actual), JSON.stringify(expected)]
    if (is !== should) this.#violate(rule, id, `${is} instead of ${should}`)
  }

  #violate(rule: string, id: string, detail: string): void {
    this.#simulation.violate(rule, `chord ${id}: ${detail}`)
  }

  #case(id: string): ChordCase {
    return entryOf(this.cases, id, () => new ChordCase(id))
  }
}

/** Failures are shortened where they are too long for a marker. */
function isOfRun(run: string, state: string, value: unknown): boolean {
  const [ranState, ranValue] = JSON.parse(run) as readonly [string, unknown]
  return ranState === state && (state === 'FAILURE' || JSON.stringify(ranValue) === JSON.stringify(value))
}

/** Entries for missing slots name a task, which the slots cannot tell. */
function withoutMissingIds(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutMissingIds)
  if (typeof value !== 'object' || value === null) return value
  return 'status' in value && value.status === 'PENDING' ? { status: 'PENDING' } : value
}

function entryOf<Key, Item>(map: Map<Key, Item>, key: Key, make: () => Item): Item {
  const known = map.get(key)
  if (known !== undefined) return known
  const made = make()
  map.set(key, made)
  return made
}

function parsed(value: Value): unknown {
  return JSON.parse(typeof value === 'string' ? value : Buffer.from(value).toString())
}
