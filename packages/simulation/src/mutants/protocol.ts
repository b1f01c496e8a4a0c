import type { Mutant } from './mutant.ts'

/** Steps of the protocol that are there because something broke without them. */
export const protocol: readonly Mutant[] = [
  {
    name: 'child-count-names',
    bug: 'a node is named by its place alone, so that the marker of a smaller chord stands for the larger one',
    edits: [{ file: 'chords/chord-keys.ts', find: ':${index}:${leaves}', replace: ':${index}' }],
  },
  {
    name: 'sweep-root-only',
    bug: 'the sweep goes by leases and deadlines, without a look at the slots',
    edits: [
      {
        file: 'chords/chord-sweep.ts',
        find: 'const look = await this.#parts.drive(held)',
        replace: 'const look = { missing: [] }',
      },
    ],
  },
  {
    name: 'sweep-without-descent',
    bug: 'a look ends below the root',
    edits: [
      {
        file: 'chords/slot-markers.ts',
        find: 'for (let level = tree.height; level >= 1; level -= 1) {',
        replace: 'for (let level = tree.height; level >= tree.height; level -= 1) {',
      },
    ],
  },
  {
    name: 'resolve-after-decide',
    bug: 'values are read again after the decision, whatever has become of them',
    workload: 'claims',
    edits: [
      {
        file: 'chords/dispatcher.ts',
        find: 'await this.#publish(decided, outcome',
        replace: 'await this.#publish(decided, (await this.#outcomes.read(decided.record)) ?? outcome',
      },
      {
        file: 'chords/outcome-reader.ts',
        find: 'return mayBeMissing(record, tally.missing) ?',
        replace: 'return decision || mayBeMissing(record, tally.missing) ?',
      },
    ],
  },
  {
    name: 'no-confirm',
    bug: 'whoever finds a decision publishes without showing that he still may',
    workload: 'claims',
    edits: [
      {
        file: 'chords/dispatcher.ts',
        find: 'const decided = await this.#tools.records.replace(claimed, { decision: outcome.decision })',
        replace:
          'const decided = claimed.record.decision ? claimed : await this.#tools.records.replace(claimed, { decision: outcome.decision })',
      },
      {
        file: 'chords/outcome-reader.ts',
        find: 'return mayBeMissing(record, tally.missing) ?',
        replace: 'return decision || mayBeMissing(record, tally.missing) ?',
      },
    ],
  },
  {
    name: 'value-after-marker',
    bug: 'a large value is written after the marker that stands for it',
    edits: [
      {
        file: 'chords/slot-markers.ts',
        find: '    if (isLarge) await this.#create(this.#names.value(chord, slot), encodeJson(entry.value ?? null))\n',
        replace: '',
      },
      {
        file: 'chords/slot-markers.ts',
        find: "    if (creation === 'created') return { filling: 'filled', entry }\n",
        replace:
          "    if (isLarge) await this.#create(this.#names.value(chord, slot), encodeJson(entry.value ?? null))\n    if (creation === 'created') return { filling: 'filled', entry }\n",
      },
    ],
  },
  {
    name: 'value-overwritten',
    bug: 'a large value is replaced by that of a later run',
    edits: [
      {
        file: 'chords/slot-markers.ts',
        find: 'if (isLarge) await this.#create(this.#names.value(chord, slot), encodeJson(entry.value ?? null))',
        replace:
          'if (isLarge) await this.#keys.set({ key: this.#names.value(chord, slot), value: encodeJson(entry.value ?? null), expiresInSeconds: this.#limits.lifetimeSeconds })',
      },
    ],
  },
  {
    name: 'marker-from-memory',
    bug: 'a slot gets what this run came to although the store has kept what another came to',
    edits: [
      {
        file: 'results/recording.ts',
        find: 'outcome?.written === false ? await this.#store.endings([taskId]) : []',
        replace: '[]',
      },
    ],
  },
  {
    name: 'duplicate-returns-early',
    bug: 'a repeat ends at the marker that it finds',
    edits: [
      {
        file: 'chords/marker-ledger.ts',
        find: 'const { filling, entry } = await markers.fill(part)\n',
        replace:
          "const { filling, entry } = await markers.fill(part)\n    if (filling === 'duplicate') return { outcome: filling }\n",
      },
    ],
  },
  {
    name: 'anonymous-adds',
    bug: 'an addition that is repeated adds again',
    edits: [
      {
        file: 'chords/chords.ts',
        find: 'Object.hasOwn(adds, addId) ? adds[addId] : undefined',
        replace: 'undefined as Added | undefined',
      },
    ],
  },
  {
    name: 'claim-not-fenced-by-size',
    bug: 'the claim is not bound to what was looked at',
    edits: [
      {
        file: 'chords/dispatcher.ts',
        find: 'const claimed = await this.#tools.records.replace(held,',
        replace:
          'const claimed = await this.#tools.records.replace((await this.#tools.records.get(held.record.id)) ?? held,',
      },
      {
        file: 'chords/marker-ledger.ts',
        find: 'const claimed = await this.#records.replace(held,',
        replace: 'const claimed = await this.#records.replace((await this.#records.get(held.record.id)) ?? held,',
      },
    ],
  },
  {
    name: 'failed-is-a-state',
    bug: 'an error is stored after the chord was said to be over',
    edits: [
      {
        file: 'chords/dispatcher.ts',
        find: 'held = decided\n',
        replace:
          "held = decided\n      if (outcome.decision.kind === 'error') await this.#settle({ held, awaited: [] })\n",
      },
    ],
  },
  {
    name: 'cleanup-before-settle',
    bug: 'slots are removed before the chord is said to be over',
    edits: [
      {
        file: 'chords/dispatcher.ts',
        find: 'const settled = await records.replace(held, {',
        replace:
          'await this.#tools.ledger.remove(held.record, false)\n    const settled = await records.replace(held, {',
      },
    ],
  },
  {
    name: 'leave-late-marker',
    bug: 'a part that comes after the end leaves its marker',
    edits: [
      {
        file: 'chords/marker-ledger.ts',
        find: 'await markers.clear(chord, slot)',
        replace: '',
      },
    ],
  },
  {
    name: 'no-tombstone',
    bug: 'nothing is left of a chord that is over',
    edits: [
      {
        file: 'chords/dispatcher.ts',
        find: 'await records.replace(held, change, host.settings.tombstoneSeconds)',
        replace: 'await host.keys.delete([names.record(record.id)])',
      },
    ],
  },
  {
    name: 'marker-expires-first',
    bug: 'slots do not live as long as their chord waits',
    edits: [
      {
        file: 'chords/chords.ts',
        find: 'clock, inlineBytes, lifetimeSeconds, fanOut }',
        replace: 'clock, inlineBytes, lifetimeSeconds: settings.leaseSeconds, fanOut }',
      },
    ],
  },
  {
    name: 'unconditional-record-writes',
    bug: 'records are written over whatever is there',
    edits: [
      {
        file: 'chords/chord-records.ts',
        find: 'expiresInSeconds, if: held.version })',
        replace: 'expiresInSeconds })',
      },
    ],
  },
  {
    name: 'seal-without-look',
    bug: 'whoever seals does not look whether that was all that was missing',
    edits: [
      {
        file: 'chords/chord-parts.ts',
        find: '      await this.drive(sealed)\n',
        replace: '',
      },
    ],
  },
  {
    name: 'look-once',
    bug: 'a look that creates markers does not look again, so that the last part and whoever seals may miss each other',
    edits: [
      {
        file: 'chords/slot-markers.ts',
        find: 'if (missing.length === 0 || !hasMended) return',
        replace: 'if (missing.length === 0 || hasMended || !hasMended) return',
      },
    ],
  },
  {
    name: 'record-before-marker',
    bug: 'a part reads the record before it fills its slot',
    edits: [
      {
        file: 'chords/marker-ledger.ts',
        find: 'const { filling, entry } = await markers.fill(part)\n',
        replace:
          'const early = await this.#records.get(chord)\n    const { filling, entry } = await markers.fill(part)\n',
      },
      {
        file: 'chords/marker-ledger.ts',
        find: 'this.#records.get(chord),\n      markers.siblings',
        replace: 'early,\n      markers.siblings',
      },
    ],
  },
  {
    name: 'somebody-elses-write',
    bug: 'a write whose answer was lost is taken for done when somebody else has written instead',
    edits: [
      {
        file: 'chords/chord-records.ts',
        find: 'if (found?.record.nonce === record.nonce) return found\n',
        replace: 'if (found?.record.rev === record.rev) return { record, version: found.version }\n',
      },
    ],
  },
  {
    name: 'growth-after-claim',
    bug: 'a chord grows although its outcome is being decided',
    edits: [
      {
        file: 'chords/chords.ts',
        find: "if (state !== 'sealed') throw",
        replace: "if (state === 'open' || state === 'done') throw",
      },
    ],
  },
]
