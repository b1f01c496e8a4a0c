import type { Mutant } from './mutant.ts'

/** Rules of policies, references, nesting and the registry. */
export const rules: readonly Mutant[] = [
  {
    name: 'collect-waits-for-all',
    bug: 'the policy collect fails with the first failed part',
    edits: [{ file: 'chords/verdict.ts', find: "if (policy === 'collect') return undefined", replace: '' }],
  },
  {
    name: 'at-least-one-more',
    bug: 'atLeast asks for one more than it says',
    edits: [{ file: 'chords/verdict.ts', find: 'if (succeeded >= needed)', replace: 'if (succeeded > needed)' }],
  },
  {
    name: 'fail-fast-waits',
    bug: 'failFast waits for the other parts',
    edits: [
      {
        file: 'chords/marker-ledger.ts',
        find: "held.record.policy === 'failFast' && isFailure(entry)",
        replace: 'false',
      },
    ],
  },
  {
    name: 'fail-fast-without-a-sign',
    bug: 'a part that fails before the chord is sealed leaves no sign',
    edits: [
      {
        file: 'chords/marker-ledger.ts',
        find: "await keys.create({ key: names.failed(id), value: '1', expiresInSeconds: lifetimeSeconds })",
        replace: 'void [keys, names.failed(String(lifetimeSeconds))]',
      },
    ],
  },
  {
    name: 'highest-failure',
    bug: 'the last failed slot is named instead of the first',
    edits: [
      {
        file: 'chords/outcome-reader.ts',
        find: 'lowest ??= entry',
        replace: 'lowest = entry',
      },
    ],
  },
  {
    name: 'missing-slots-not-named',
    bug: 'a decision does not name the slots that it was made without',
    workload: 'latecomers',
    edits: [
      {
        file: 'chords/verdict.ts',
        find: '(tally.missing.length > 0 ? { missing: tally.missing } : {})',
        replace: '{}',
      },
    ],
  },
  {
    name: 'decided-anew',
    bug: 'every attempt decides anew',
    workload: 'latecomers',
    edits: [
      {
        file: 'chords/outcome-reader.ts',
        find: 'record.decision ?? verdict(record, tally, ids)',
        replace: 'verdict(record, tally, ids)',
      },
    ],
  },
  {
    name: 'late-values-count',
    bug: 'a slot that was filled after the decision is handed to the body',
    workload: 'latecomers',
    edits: [
      {
        file: 'chords/outcome-reader.ts',
        find: 'bodyValue(record, missing.has(slot) ? undefined : entry,',
        replace: 'bodyValue(record, entry,',
      },
    ],
  },
  {
    name: 'reference-buried-at-once',
    bug: 'slots are removed before the body that reads them has ended',
    edits: [
      {
        file: 'chords/dispatcher.ts',
        find: "const isReading = decision?.kind === 'body' && results === 'reference'",
        replace: "const isReading = decision?.kind === 'body' && results === undefined",
      },
    ],
  },
  {
    name: 'reference-ends-with-any-body',
    bug: 'slots are removed when the first task of a body has ended',
    edits: [
      {
        file: 'chords/dispatcher.ts',
        find: '.every((ending) => ending !== undefined)',
        replace: '.some((ending) => ending !== undefined)',
      },
    ],
  },
  {
    name: 'fold-forgets-failures',
    bug: 'nodes do not tell of failures below them',
    edits: [
      { file: 'chords/fold.ts', find: 'isFailure(entry) ? [from + at] : []', replace: 'isFailure(entry) ? [] : []' },
    ],
  },
  {
    name: 'fold-names-the-highest',
    bug: 'nodes name the last failure below them',
    edits: [{ file: 'chords/fold.ts', find: 'folds.find((fold)', replace: 'folds.findLast((fold)' }],
  },
  {
    name: 'reference-reads-nothing',
    bug: 'an empty slot reads as a value when the chord is over',
    edits: [
      {
        file: 'chords/stored-chord-results.ts',
        find: 'if (!isKept || record.hasEnded === true) throw gone(this.#reference)',
        replace: 'void isKept',
      },
      {
        file: 'chords/stored-chord-results.ts',
        find: 'if (entry !== undefined) return',
        replace:
          "if (entry === undefined) return bodyValue(this.#reference, undefined, '')\n    if (entry !== undefined) return",
      },
    ],
  },
  {
    name: 'shape-is-lost',
    bug: 'the results of a group in the header are not a list',
    edits: [
      {
        file: 'chords/body-values.ts',
        find: 'if (shape === undefined || shape === null) return values',
        replace: 'if (shape === undefined || shape === null || shape.length > 0) return values',
      },
    ],
  },
  {
    name: 'inner-body-fills-no-slot',
    bug: 'the body of a chord in a header is no part of the outer chord',
    edits: [
      {
        file: 'canvas/ids.ts',
        find: 'place, slot: at.slot, bodyOf: chordId })',
        replace: 'place, bodyOf: chordId })',
      },
    ],
  },
  {
    name: 'inner-ids-are-random',
    bug: 'a chord in a header gets another id each time',
    edits: [
      {
        file: 'canvas/ids.ts',
        find: "const id = given.id ?? at.ids.of('chord')",
        replace: 'const id = given.id ?? crypto.randomUUID()',
      },
    ],
  },
  {
    name: 'steps-fail-alone',
    bug: 'the steps behind a failed one do not fill their slots',
    edits: [
      {
        file: 'results/recording.ts',
        find: 'await this.#end(step.id, step, {',
        replace: 'await this.#end(step.id, { ...step, chord: undefined }, {',
      },
    ],
  },
  {
    name: 'registry-after-record',
    bug: 'a chord is listed after its record was written',
    edits: [
      {
        file: 'chords/chord-starter.ts',
        find: 'await ledger.enter(id)\n    const created = await records.create(content)\n',
        replace: 'const created = await records.create(content)\n    await ledger.enter(id)\n',
      },
    ],
  },
  {
    name: 'registry-overwrites',
    bug: 'a chord takes the place of another in the list',
    workload: 'claims',
    edits: [
      {
        file: 'chords/chord-registry.ts',
        find: 'const creation = await this.#keys.create({ key, value: chord, expiresInSeconds: this.#lifetimeSeconds })',
        replace:
          "await this.#keys.set({ key, value: chord, expiresInSeconds: this.#lifetimeSeconds })\n      const creation = 'created' as string",
      },
    ],
  },
  {
    name: 'sweep-gives-up-at-once',
    bug: 'a sweep forgets a chord that is listed and not yet recorded',
    workload: 'claims',
    edits: [
      {
        file: 'chords/chord-sweep.ts',
        find: 'if (held === undefined) return now - known.since > graceMs',
        replace: 'if (held === undefined) return true',
      },
    ],
  },
  {
    name: 'registry-of-this-hour',
    bug: 'a sweep reads the list of the present hour alone',
    edits: [
      {
        file: 'chords/chord-registry.ts',
        find: 'Math.floor((now - this.#oldestMs) / hourMs)',
        replace: 'Math.floor(now / hourMs)',
      },
    ],
  },
  {
    name: 'record-without-expiry',
    bug: 'the record of a chord stays for ever',
    edits: [
      {
        file: 'chords/chord-records.ts',
        find: 'value: encodeJson(record), expiresInSeconds: lifetimeSeconds })',
        replace: 'value: encodeJson(record) })',
      },
    ],
  },
]
