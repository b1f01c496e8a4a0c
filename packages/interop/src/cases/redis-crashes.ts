import assert from 'node:assert/strict'
import { eventually } from '@arpeggio/conformance'
import { CELERY_VERSIONS } from '@arpeggio/testing'
import { type Call, type Language, MixedChord, PATIENCE_MS, resultsOf } from '../chords/mixed-chord.ts'
import { captured, Cases, type Fleet, type InteropCase } from '../interop-case.ts'

const languages: readonly Language[] = ['Python', 'TypeScript']
const options = { worker: true, nodeWorker: true }

/** What is left of a part when its worker has died. */
type Left = 'nothing' | 'its result' | 'its part' | 'the body, sent'

/** Where Celery's worker dies, by the names of python/dying_worker.py, in the order in which it comes by. */
const theirSteps: readonly (readonly [step: string, where: string, left: Left])[] = [
  ['storing', 'before it stores its result', 'nothing'],
  ['counting', 'after it has stored its result', 'its result'],
  ['counted', 'after it has counted its part', 'its part'],
  ['read', 'after it has read the parts', 'its part'],
  ['publishing', 'before it sends the body', 'its part'],
  ['published', 'after it has sent the body', 'the body, sent'],
  ['over', 'after it has removed what it kept of the chord', 'the body, sent'],
]

/** Where our worker dies: before or after which of its calls. */
const ourSteps: readonly (readonly [step: string, where: string, left: Left])[] = [
  ['before recordWithResult', 'before it stores its result and counts its part', 'nothing'],
  ['after recordWithResult', 'after it has stored its result, counted its part and claimed the chord', 'its part'],
  ['before replace', 'after it has read the parts', 'its part'],
  ['before publish', 'after it has decided on the outcome', 'its part'],
  ['after publish', 'after it has sent the body', 'the body, sent'],
  ['after replace 2', 'after it has noted that', 'the body, sent'],
  ['before replace 3', 'after it has removed what it kept of the chord', 'the body, sent'],
]

/** A chord whose parts and body lie where nobody takes them unless the test says so: how often the body is sent can be counted. */
class Parked {
  readonly mixed: MixedChord
  readonly ours: Call
  readonly theirs: Call
  readonly body: Call

  constructor(fleet: Fleet, bodyIn: Language) {
    this.mixed = new MixedChord(fleet)
    this.ours = this.mixed.parked(this.mixed.call('TypeScript', 'echo', 'a'))
    this.theirs = this.mixed.parked(this.mixed.call('Python', 'echo', 'b'))
    this.body = this.mixed.parked(this.mixed.call(bodyIn, 'echo'))
  }

  static async started(fleet: Fleet, by: Language): Promise<Parked> {
    const parked = new Parked(fleet, by === 'Python' ? 'TypeScript' : 'Python')
    await parked.mixed.start(by, [parked.ours, parked.theirs], parked.body)
    return parked
  }

  async assertSent(times: number): Promise<void> {
    assert.equal(await this.mixed.sent(this.body), times)
  }

  /** Whoever asks is told for which part the chord waits. */
  async assertMissing(fleet: Fleet, slot: number): Promise<void> {
    const { missing } = await resultsOf(fleet).chords.inspect(await this.mixed.chordOf(this.ours))
    assert.deepEqual(
      missing.map((part) => part.slot),
      [slot],
    )
  }

  /** Lets the body run that was sent, and sees that it has both values. */
  async end(): Promise<void> {
    const { task } = this.body
    await this.mixed.run(task.startsWith('python') ? 'Python' : 'TypeScript', this.body)
    const { status, result } = await this.mixed.outcome(String(this.body.options['task_id']))
    assert.deepEqual([status, result], ['SUCCESS', ['a', 'b']])
  }
}

const cases = new Cases('both ways')

for (const [at, [step, where, left]] of theirSteps.entries()) {
  const results = left === 'its result' || left === 'its part' ? { chordGraceSeconds: 0.2 } : {}
  cases.add(
    `a worker of Celery's that dies ${where}, with the last part of a chord, loses no chord of ours and none that Celery would keep`,
    async (fleet) => {
      await Promise.all(startersOf(fleet, at).map((starter) => lastOfTheirs(fleet, { starter, step, left })))
    },
    { ...options, results },
  )
}

for (const [at, [step, where, left]] of theirSteps.slice(0, 3).entries()) {
  cases
    .add(
      `a worker of Celery's that dies ${where}, with the last part of a captured chord, is made up for, whoever began it`,
      async (fleet) => {
        for (const starter of startersOf(fleet, at)) {
          const chord = await Parked.started(fleet, starter)
          await chord.mixed.run('TypeScript', chord.ours)
          await chord.mixed.dies('Python', chord.theirs, step)
          if (left !== 'its part') await chord.mixed.run('Python', chord.theirs)
          await eventually(PATIENCE_MS, () => chord.assertSent(1))
          await chord.mixed.run('Python', chord.theirs)
          await chord.assertSent(1)
          await chord.end()
        }
      },
      { ...options, results: captured },
    )
    .add(
      `the body is sent once, when ours is the last part, after a worker of Celery's has died ${where} with the first`,
      async (fleet) => {
        for (const starter of startersOf(fleet, at)) {
          const chord = await Parked.started(fleet, starter)
          await chord.mixed.dies('Python', chord.theirs, step)
          await chord.mixed.run('TypeScript', chord.ours)
          // What is stored and not counted any sweep may count.
          if (left !== 'its result') await chord.assertSent(left === 'nothing' ? 0 : 1)
          await chord.mixed.run('Python', chord.theirs)
          await chord.assertSent(1)
          await chord.end()
        }
      },
      options,
    )
}

for (const [at, [step, where, left]] of ourSteps.entries()) {
  cases.add(
    `a worker of ours that dies ${where}, with the last part of a chord, leaves the rest to another`,
    async (fleet) => {
      await Promise.all(startersOf(fleet, at).map((starter) => lastOfOurs(fleet, { starter, step, left })))
    },
    { ...options, results: { sweepSeconds: 0.5 } },
  )
}

/** What only Redis has: chords that outlive a process at any step, on either side. */
export const redisCrashes: readonly InteropCase[] = cases.list()

/** Who begins the chord of a step: one side with this version of Celery and the other with the next; with `TEST_FULL=1` both. */
function startersOf({ celery }: Fleet, at: number): readonly Language[] {
  if (process.env['TEST_FULL'] === '1') return languages
  const turn = at + CELERY_VERSIONS.findIndex((version) => version === celery)
  return languages.filter((_, index) => index === turn % languages.length)
}

interface Crash {
  readonly starter: Language
  readonly step: string
  readonly left: Left
}

/** Celery's worker dies with the last part. First nothing is delivered again, then its part is. */
async function lastOfTheirs(fleet: Fleet, { starter, step, left }: Crash): Promise<void> {
  const chord = await Parked.started(fleet, starter)
  const { mixed } = chord
  await mixed.run('TypeScript', chord.ours)
  await mixed.dies('Python', chord.theirs, step)
  if (left !== 'the body, sent') await forgetClaim(fleet, await mixed.chordOf(chord.theirs))
  if (left === 'the body, sent') {
    await chord.assertSent(1)
    await chord.end()
    // Among Celery's workers alone a part that comes again would send the body again.
    await resultsOf(fleet).chords.sweep()
  } else if (starter === 'TypeScript' && left !== 'nothing') {
    // Whoever waits for the body brings its chord on.
    void mixed.outcome(String(chord.body.options['task_id'])).catch(() => undefined)
    await eventually(PATIENCE_MS, () => chord.assertSent(1))
  } else {
    await chord.assertSent(0)
    if (left === 'nothing') await chord.assertMissing(fleet, 1)
  }
  await mixed.run('Python', chord.theirs)
  await chord.assertSent(1)
  await chord.end()
}

/** The claim of a worker of Celery 5.7 that has died runs out after some seconds; older ones have none. */
async function forgetClaim({ broker }: Fleet, chord: string): Promise<void> {
  await broker.del(`celery-taskset-meta-${chord}.c`)
}

/** Our worker dies with the last part. Its part is delivered again once the others have had their say. */
async function lastOfOurs(fleet: Fleet, { starter, step, left }: Crash): Promise<void> {
  const chord = await Parked.started(fleet, starter)
  const { mixed } = chord
  await mixed.run('Python', chord.theirs)
  await mixed.dies('TypeScript', chord.ours, step)
  await assertUnderstood(fleet, chord)
  // A body that was sent, which nobody has noted, is sent again: under its id, with the same values.
  const times = step === 'after publish' ? 2 : 1
  if (left === 'nothing') {
    // Of a chord that Celery began the first part of ours brings us word.
    if (starter === 'TypeScript') await chord.assertMissing(fleet, 0)
    await mixed.run('TypeScript', chord.ours)
  }
  await eventually(PATIENCE_MS, () => chord.assertSent(times))
  for (const [language, part] of [
    ['TypeScript', chord.ours],
    ['Python', chord.theirs],
  ] as const) {
    await mixed.run(language, part)
  }
  await chord.assertSent(times)
  await chord.end()
}

/** A part of Celery's that comes again meanwhile meets nothing that it does not know. */
async function assertUnderstood({ python }: Fleet, { mixed, theirs, body }: Parked): Promise<void> {
  const id = theirs.options['task_id']
  const chord = await mixed.chordOf(theirs)
  await python.call('return_part', { id, chord, index: 1, body, value: 'b' })
}
