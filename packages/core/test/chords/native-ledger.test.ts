import { describe, expect, it } from 'vitest'
import {
  chord,
  type ChordLedger,
  type LedgerContext,
  type OwnLedger,
  Results,
  type ResultsOptions,
  type Signature,
  wrap,
} from '../../src/index.ts'
import { MapBackend } from '../map-backend.ts'
import { body, Broker, part } from './chord-rig.ts'

/** A store whose own ledger does what core's does, but for what a test says. */
function stage(
  open: (context: LedgerContext) => ChordLedger | undefined,
  options: Partial<ResultsOptions> = {},
): { readonly results: Results; readonly broker: Broker; readonly map: MapBackend } {
  const [map, broker] = [new MapBackend(), new Broker()]
  const backend = wrap(map, { notifications: undefined, chords: { open } })
  return { map, broker, results: new Results({ backend, publisher: broker, sweepSeconds: false, ...options }) }
}

function ledgerOn(own: OwnLedger, overrides: Partial<ChordLedger>): ChordLedger {
  return new Proxy(own, {
    get(target, name) {
      if (Object.hasOwn(overrides, name)) return Reflect.get(overrides, name)
      const member: unknown = Reflect.get(target, name)
      return typeof member === 'function' ? member.bind(target) : member
    },
  })
}

async function* announced(): AsyncGenerator<Signature> {
  yield part.s(1)
  yield part.s(2)
}

const peers = { peers: 'celery' } as const

describe('a store that has a ledger of its own', () => {
  it('leaves chords to core where it opens none', async () => {
    const { results, broker } = stage(() => undefined)
    await results.apply(chord([part.s(1)], body, { id: 'c' }))
    for (const message of broker.take()) await results.markAsDone(message.id, 'one', { request: message })
    expect(broker.take().map(({ args }) => args)).toEqual([[['one']]])
  })

  it('is handed the ledger of core, what tasks have ended in, and which task has which slot', async () => {
    let context: LedgerContext | undefined
    const { results, broker } = stage((given) => ledgerOn((context = given).own, {}))
    await results.apply(chord([part.s(1), part.s(2)], body, { id: 'c' }))
    const messages = broker.take()
    const ids = messages.map(({ id }) => id)
    await results.storeResult(ids[1] ?? '', 'two', 'SUCCESS')
    const held = await context?.own.get('c')
    expect(held && (await context?.taskIds(held.record))).toEqual(ids)
    expect(await context?.endings(ids)).toEqual([undefined, { taskId: ids[1], state: 'SUCCESS', value: 'two' }])
  })

  it('gets a marker to write with what it writes itself, and a large value is there before', async () => {
    let own: OwnLedger | undefined
    const { map } = stage((context) => (own = context.own), { chordInlineBytes: 40 })
    const entry = { taskId: 't', state: 'SUCCESS', value: 'x'.repeat(100) } as const
    const marker = await own?.marker({ chord: 'c', slot: 3, entry })
    expect(marker).toMatchObject({ key: 'arpeggio-chord-m:c:0:3', value: '{"t":"t","s":"SUCCESS"}' })
    expect([...map.entries.keys()]).toEqual(['arpeggio-chord-v:c:3'])
  })

  it('whose peers go by what Celery keeps names the tasks of a header and their number', async () => {
    const { results, broker } = stage(({ own }) => ledgerOn(own, { namesParts: true }), peers)
    await results.apply(chord([part.s(1), part.s(2)], body, { id: 'c' }))
    const messages = broker.take()
    expect(messages.map(({ chord: whole }) => whole)).toMatchObject([{ chord_size: 2 }, { chord_size: 2 }])
    expect((await results.getGroupMeta('c'))?.members?.map(({ id }) => id)).toEqual(messages.map(({ id }) => id))
  })

  it('also those of a header that somebody else publishes', async () => {
    const { results } = stage(({ own }) => ledgerOn(own, { namesParts: true }), peers)
    await results.applyChord('c', ['one', 'two'], body.s())
    expect((await results.getGroupMeta('c'))?.members?.map(({ id }) => id)).toEqual(['one', 'two'])
  })

  it('names a number that nobody counts to while a header is still being announced', async () => {
    const { results, broker } = stage(({ own }) => ledgerOn(own, { namesParts: true }), peers)
    await results.apply(chord(announced(), body, { id: 'c' }))
    const [first] = broker.take()
    expect(Reflect.get(first?.chord ?? {}, 'chord_size')).toBeGreaterThan(2 ** 50)
  })

  it('whose peers go by what it keeps names neither', async () => {
    const { results, broker } = stage(({ own }) => ledgerOn(own, {}), peers)
    await results.apply(chord([part.s(1)], body, { id: 'c' }))
    expect(broker.take()[0]?.chord).not.toHaveProperty('chord_size')
    expect(await results.getGroupMeta('c')).toBeUndefined()
  })
})
