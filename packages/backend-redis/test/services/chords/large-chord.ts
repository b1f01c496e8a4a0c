import {
  chord,
  type ChordResults,
  type Publisher,
  Results,
  type Signature,
  task,
  type TaskMessage,
} from '@arpeggio/core'
import { RedisBackend } from '../../../src/index.ts'

/** What became of a large chord, as the script tells it. */
export interface LargeChord {
  readonly seconds: number
  readonly peakMegabytes: number
  /** Slots that were empty before the last part returned. */
  readonly missing: readonly number[]
  readonly length: number
  readonly sum: number
  readonly last: unknown
  readonly failures: readonly string[]
}

const [url = '', count = '0'] = process.argv.slice(2)
const size = Number(count)
const inFlight = 100

const part = task<(index: number) => number>('part')
const body = task<(values: ChordResults<number>) => void>('body')

const failures: string[] = []
const bodies: TaskMessage[] = []
let withheld: TaskMessage | undefined

/** Its parts return as soon as they are published, but for the last. */
const publisher: Publisher = {
  durable: true,
  publish: async (messages) => {
    const parts = messages.filter((message) => message.task === part.name && message.groupIndex !== size - 1)
    withheld ??= messages.find((message) => message.groupIndex === size - 1)
    bodies.push(...messages.filter((message) => message.task === body.name))
    const lanes = Array.from({ length: inFlight }, async (_, lane) => {
      for (let at = lane; at < parts.length; at += inFlight) await finish(parts[at])
    })
    await Promise.all(lanes)
  },
}

const results = new Results({
  backend: new RedisBackend({ url }),
  publisher,
  sweepSeconds: false,
  onConnectionError: ({ error }) => void failures.push(String(error)),
})

const began = performance.now()
await results.apply(chord(header(), body, { id: 'large', results: 'reference' }))
const { missing } = await results.chords.inspect('large')
await results.chords.sweep()
await finish(withheld)
const [message] = bodies
if (message === undefined) throw new Error('the body was not published')
const [values] = results.bodyArgs(message) as readonly [ChordResults<number>] // its only argument
let sum = 0
for await (const value of values) sum += value
const told: LargeChord = {
  seconds: (performance.now() - began) / 1_000,
  peakMegabytes: process.resourceUsage().maxRSS / 1_024,
  missing: missing.map(({ slot }) => slot),
  length: values.length,
  sum,
  last: await values.at(-1),
  failures,
}
await results.markAsDone(message.id, sum, { request: message })
await results.chords.sweep()
await results.close()
console.log(JSON.stringify(told))

function* header(): Generator<Signature<number>> {
  for (let index = 0; index < size; index++) yield part.s(index)
}

async function finish(one: TaskMessage | undefined): Promise<void> {
  if (one !== undefined) await results.markAsDone(one.id, one.groupIndex, { request: one })
}
