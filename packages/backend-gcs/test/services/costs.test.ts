import { readFileSync } from 'node:fs'
import { chord } from '@arpeggio/core'
import { describe, expect, it } from 'vitest'
import { body, type Mode, modes, part, shared, Stage } from './chord-stage.ts'
import type { Seen } from './interceptor.ts'

const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')
const parts = 100

interface Costs {
  classA: number
  classB: number
  documentWrites: number
  documentReads: number
}

/** What the services charge for. Removing an object is free; removing a document is counted as a write here. */
function costsOf(seen: readonly Seen[]): Costs {
  const costs = { classA: 0, classB: 0, documentWrites: 0, documentReads: 0 }
  for (const { kind, names, body: text } of seen) {
    if (kind === 'upload' || kind === 'list') costs.classA += 1
    if (kind === 'head' || kind === 'media') costs.classB += 1
    if (kind === 'commit') costs.documentWrites += names.length
    if (kind === 'documents') costs.documentReads += asked(text)
  }
  return costs
}

function asked(text: string): number {
  const { documents = [] } = JSON.parse(text) as { documents?: readonly string[] } // of the client
  return documents.length
}

/** The row of the README, as numbers. */
function told(title: string): readonly number[] {
  const row = readme.split('\n').find((line) => line.startsWith(`| ${title} |`)) ?? ''
  return row.split('|').slice(2, -1).map(Number)
}

function seenOn(stage: Stage): readonly Seen[] {
  return stage.interceptors.flatMap(({ seen }) => seen)
}

function forget(stage: Stage): void {
  for (const { seen } of stage.interceptors) seen.length = 0
}

const titles: Readonly<Record<Mode, string>> = {
  'objects alone': 'a part of a chord, objects alone',
  Firestore: 'a part of a chord, with Firestore',
  [shared]: 'a part of a chord that is shared with Celery',
}

describe('what the README says that it costs', () => {
  it.each(modes)('is what a part of a chord costs with %s', async (mode) => {
    await using stage = await Stage.open(mode)
    const results = stage.process()
    const header = Array.from({ length: parts }, (_, index) => part.s(index))
    await results.apply(chord(header, body, { id: 'c' }))
    forget(stage)
    for (const message of stage.queue.partsOf('c')) await results.markAsDone(message.id, 1, { request: message })
    expect(stage.queue.bodiesOf('c')).toHaveLength(1)
    const { classA, classB, documentWrites, documentReads } = costsOf(seenOn(stage))
    const counted = [classA, classB, documentWrites, documentReads].map(
      (count) => Math.round((count / parts) * 10) / 10,
    )
    expect(counted).toEqual(told(titles[mode]))
  })

  it('is what a part costs that returns together with others, shared with Celery', async () => {
    await using stage = await Stage.open(shared)
    const results = stage.process()
    const header = Array.from({ length: parts }, (_, index) => part.s(index))
    await results.apply(chord(header, body, { id: 'c' }))
    forget(stage)
    const messages = stage.queue.partsOf('c')
    await Promise.all(messages.map((message) => results.markAsDone(message.id, 1, { request: message })))
    const { documentWrites } = costsOf(seenOn(stage))
    // How many go together is up to how fast the service answers.
    const [, , alone = 0] = told(titles[shared])
    expect(documentWrites / parts).toBeGreaterThanOrEqual(2)
    expect(documentWrites / parts).toBeLessThan(alone - 0.5)
  })

  it('is what storing and reading cost', async () => {
    await using stage = await Stage.open('objects alone')
    const [writer, reader] = [stage.process(), stage.process()]
    const cost = async (operation: () => Promise<unknown>): Promise<readonly number[]> => {
      forget(stage)
      await operation()
      const { classA, classB } = costsOf(seenOn(stage))
      return [classA, classB, 0, 0]
    }
    expect(await cost(() => writer.markAsDone('a', 1))).toEqual(told('a first result'))
    await writer.markAsStarted('b')
    expect(await cost(() => writer.markAsDone('b', 1))).toEqual(
      told('a result over an earlier state of the same process'),
    )
    expect(await cost(() => reader.getTaskMeta('a'))).toEqual(told('a first read'))
    expect(await cost(() => reader.getTaskMeta('a'))).toEqual(told('a read of what has not changed'))
    expect(await cost(() => reader.getTaskMeta('none'))).toEqual(
      told('a read of what is not there, or a look of a wait'),
    )
  })
})
