import { randomUUID } from 'node:crypto'
import {
  chord,
  type ChordResults,
  type Publisher,
  Results,
  type ResultsOptions,
  signatureData,
  task,
  type TaskRequest,
} from '@arpeggio/core'
import { redis } from '@arpeggio/testing'
import { Redis } from 'ioredis'
import { afterAll, describe, expect, it } from 'vitest'
import { RedisBackend } from '../../../src/index.ts'
import { keyOf } from './fleet.ts'

const { url } = await redis()
const client = new Redis(url)
const opened: Results[] = []
afterAll(async () => {
  await Promise.all(opened.map((results) => results.close()))
  client.disconnect()
})

const body = task<(values: readonly unknown[]) => void>('body')

function open(options: Partial<ResultsOptions> = {}): { readonly results: Results; readonly published: unknown[] } {
  const published: unknown[] = []
  const publisher: Publisher = {
    durable: true,
    publish: async (messages) => void published.push(...messages.map(({ args }) => args)),
  }
  const results = new Results({
    backend: new RedisBackend({ url }),
    publisher,
    peers: 'celery',
    sweepSeconds: false,
    onWarning: () => undefined,
    ...options,
  })
  opened.push(results)
  return { results, published }
}

function idsOf(count: number): readonly string[] {
  return Array.from({ length: count }, () => randomUUID())
}

function request(chordId: string, id: string, groupIndex?: number): TaskRequest {
  const stub = signatureData({ task: 'body', options: { body_of: chordId } })
  const slot = groupIndex === undefined ? {} : { groupIndex }
  return { id, task: 'part', args: [], kwargs: {}, group: chordId, chord: stub, ...slot }
}

describe('[R11] the names of chords', () => {
  it('apply_chord makes a chord known, with its size on the key of Celery', async () => {
    const { results } = open()
    const id = randomUUID()
    await results.applyChord(id, idsOf(3), body.s())
    expect(await client.get(`${keyOf(id)}.s`)).toBe('3')
    expect(await client.ttl(`${keyOf(id)}.s`)).toBeGreaterThan(0)
  })

  it('apply_chord keeps the structure of a header with groups for workers of Celery', async () => {
    const { results } = open()
    const id = randomUUID()
    const part = task<(value: number) => number>('part')
    const { group } = await import('@arpeggio/core')
    await results.apply(chord([group([part.s(1), part.s(2)]), part.s(3)], body as never, { id }))
    const node = await results.getGroupMeta(id)
    expect(node?.members?.map((member) => member.members?.length ?? 1)).toEqual([2, 1])
  })

  it('set_chord_size gives a size once', async () => {
    const { results } = open()
    const id = randomUUID()
    await results.applyChord(id, idsOf(2), body.s())
    await results.setChordSize(id, 2)
    await expect(results.setChordSize(id, 3)).rejects.toMatchObject({ code: 'conflict' })
    expect(await client.get(`${keyOf(id)}.s`)).toBe('2')
  })

  it('add_to_chord counts on the key of Celery, with a lifetime, once for each id', async () => {
    const { results } = open()
    const id = randomUUID()
    await results.applyChord(id, idsOf(2), body.s())
    for (let time = 0; time < 2; time++) {
      expect(await results.addToChord(id, 'more', ['x', 'y'])).toEqual({ first: 2, count: 2 })
    }
    expect(await client.get(`${keyOf(id)}.t`)).toBe('2')
    expect(await client.ttl(`${keyOf(id)}.t`)).toBeGreaterThan(0)
  })

  it('on_chord_part_return does nothing for a request without a group', async () => {
    const { results } = open()
    const { group: _, ...alone } = request('none', 'alone', 0)
    expect(await results.onChordPartReturn(alone, 'SUCCESS', 1)).toBeUndefined()
  })
})

describe('[R12] the parts of a chord', () => {
  it('stand as Celery writes them, under their slots', async () => {
    const { results } = open()
    const [id, a, b] = [randomUUID(), randomUUID(), randomUUID()]
    await results.applyChord(id, [a, b], body.s())
    await results.onChordPartReturn(request(id, b, 1), 'SUCCESS', { text: 'ü', list: [1, null] })
    const member = `[1, "${b}", "SUCCESS", {"text": "\\u00fc", "list": [1, null]}]`
    expect(await client.zrange(`${keyOf(id)}.j`, 0, '-1', 'WITHSCORES')).toEqual([member, '1'])
  })

  it('come last without a slot', async () => {
    const { results, published } = open()
    const [id, a, b] = [randomUUID(), randomUUID(), randomUUID()]
    await results.applyChord(id, [a, b], body.s())
    await results.onChordPartReturn(request(id, b), 'SUCCESS', 'somewhere')
    await results.onChordPartReturn(request(id, a, 0), 'SUCCESS', 'first')
    expect(published).toEqual([[['first', 'somewhere']]])
  })

  it.each([null, 0, 3_600])('live with their chord when results live for %s seconds', async (expiresInSeconds) => {
    const { results } = open({ expiresInSeconds })
    const [id, a, b] = [randomUUID(), randomUUID(), randomUUID()]
    await results.applyChord(id, [a, b], body.s())
    await results.markAsDone(a, 1, { request: request(id, a, 0) })
    const keys = await client.keys(`${keyOf(id)}*`)
    const lives = await Promise.all(keys.map((key) => client.ttl(key)))
    expect(keys).toHaveLength(3)
    expect(Math.min(...lives)).toBeGreaterThanOrEqual(3_600)
  })

  it('leave nothing but a tombstone when the body is published', async () => {
    const { results, published } = open()
    const [id, a] = [randomUUID(), randomUUID()]
    await results.applyChord(id, [a], body.s())
    await results.markAsDone(a, 1, { request: request(id, a, 0) })
    expect(published).toEqual([[[1]]])
    expect(await client.keys(`${keyOf(id)}*`)).toEqual([`${keyOf(id)}.f`])
    expect(await client.zscore('arpeggio-chord-open', id)).toBeNull()
  })
})

describe('[R13] a body that cannot be published', () => {
  it('fails, and the keys of its chord go', async () => {
    const publisher: Publisher = {
      durable: true,
      publish: () => Promise.reject(new TypeError('no such queue')),
    }
    const { results } = open({ publisher })
    const [id, a] = [randomUUID(), randomUUID()]
    await results.applyChord(id, [a], body.s().set({ taskId: `body-of-${id}` }))
    await results.markAsDone(a, 1, { request: request(id, a, 0) })
    await expect(results.result(`body-of-${id}`).get({ timeoutMs: 5_000 })).rejects.toThrow(/Callback error: TypeError/)
    expect(await client.keys(`${keyOf(id)}*`)).toEqual([`${keyOf(id)}.f`])
  })
})

describe('a chord without peers', () => {
  it('writes neither a size nor anything that was added where a worker of Celery would look', async () => {
    const { results, published } = open({ peers: 'none' })
    const [id, a, b] = [randomUUID(), randomUUID(), randomUUID()]
    await results.applyChord(id, [a], body.s())
    await results.addToChord(id, 'more', [b])
    await results.onChordPartReturn(request(id, b, 1), 'SUCCESS', 2)
    expect((await client.keys(`${keyOf(id)}*`)).toSorted()).toEqual([`${keyOf(id)}.f`, `${keyOf(id)}.j`])
    await results.onChordPartReturn(request(id, a, 0), 'SUCCESS', 1)
    expect(published).toEqual([[[1, 2]]])
  })

  it('[T-62] is read by reference one page at a time, from either end', async () => {
    const { results } = open({ peers: 'none' })
    const part = task<(index: number) => number>('part')
    const messages: TaskRequest[] = []
    const bodies: TaskRequest[] = []
    const publisher: Publisher = {
      durable: true,
      publish: async (some) => {
        for (const message of some) (message.task === 'part' ? messages : bodies).push(message)
      },
    }
    const other = open({ peers: 'none', publisher }).results
    const header = Array.from({ length: 2_500 }, (_, index) => part.s(index))
    await other.apply(chord(header, task<(values: ChordResults<number>) => void>('body'), { results: 'reference' }))
    for (const message of messages.toReversed())
      await other.markAsDone(message.id, message.groupIndex, { request: message })
    const [values] = results.bodyArgs(bodies[0] ?? request('', '')) as readonly [ChordResults<number>]
    expect(values.length).toBe(2_500)
    expect([await values.at(0), await values.at(-1), await values.at(1_234)]).toEqual([0, 2_499, 1_234])
    const all: unknown[] = []
    for await (const value of values) all.push(value)
    expect(all).toEqual(header.map((_, index) => index))
  })
})
