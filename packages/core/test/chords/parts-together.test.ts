import { describe, expect, it } from 'vitest'
import { calls, ChordRig, numbered, type StoreCall } from './chord-rig.ts'

describe('parts that come back together', () => {
  it('are looked for once, and climb once from each full node', async () => {
    const rig = new ChordRig()
    const process = rig.process()
    await process.results.apply(numbered(64))
    const messages = rig.broker.take()
    const asked: StoreCall[] = []
    process.before = (call) => void asked.push(call)
    await Promise.all(messages.map((message, at) => process.results.onChordPartReturn(message, 'SUCCESS', at)))
    expect(calls(rig.broker.take())).toEqual([messages.map((_, at) => at)])
    const written = asked.filter(({ name }) => name === 'set' || name === 'bulk').flatMap(({ keys }) => keys)
    const nodes = written.filter((key) => /^arpeggio-chord-m:c:[^0]/.test(key))
    expect(new Set(nodes).size).toBe(nodes.length)
    const slots = asked.filter(({ name }) => name === 'exists').flatMap(({ keys }) => keys)
    expect(slots.filter((key) => key.startsWith('arpeggio-chord-m:c:0:'))).toHaveLength(64)
  })
})
