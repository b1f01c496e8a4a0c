import { decodeJson, decodeTaskMeta, encodeTaskMeta, jsonCodec } from '@arpeggio/core'
import type { Case } from './measure.ts'
import { ordinaryMeta } from './ordinary-meta.ts'
import type { Benchmark } from './benchmark.ts'

const OPERATIONS = 50_000

/** Reading and writing an ordinary document, against what the engine does by itself. */
export const wire: Benchmark = {
  summary: "decoding and encoding a task's document, against JSON.parse and JSON.stringify",
  sections: [
    {
      title: 'decode',
      cases: [
        repeat('JSON.parse', (index) => JSON.parse(texts(index)) as unknown),
        repeat('decodeJson', (index) => decodeJson(texts(index))),
        repeat('decodeTaskMeta', (index) => decodeTaskMeta(texts(index), jsonCodec), 1.5),
      ],
    },
    {
      title: 'encode',
      cases: [
        repeat('JSON.stringify', (index) => JSON.stringify(metas(index))),
        repeat('encodeTaskMeta', (index) => encodeTaskMeta(metas(index), jsonCodec), 2),
      ],
    },
  ],
}

const METAS = Array.from({ length: 64 }, (_, index) => ordinaryMeta(`id-${index}`, index))
const TEXTS = METAS.map((meta) => JSON.stringify(meta))
/** Some that stay in memory, as results do that are being read: without any, each collection takes the optimised code along. */
const READ: readonly unknown[] = TEXTS.flatMap((text) => [JSON.parse(text) as unknown, decodeTaskMeta(text, jsonCodec)])

function metas(index: number): Record<string, unknown> {
  return METAS[index % METAS.length] ?? {}
}

function texts(index: number): string {
  return TEXTS[index % TEXTS.length] ?? ''
}

function repeat(name: string, operation: (index: number) => unknown, timesFloor?: number): Case {
  return {
    name,
    operations: OPERATIONS,
    ...(timesFloor === undefined ? {} : { goal: { timesFloor } }),
    prepare: () => ({
      run: () => {
        let kept: unknown = READ[0] // what is not used may be optimised away
        for (let index = 0; index < OPERATIONS; index += 1) kept = operation(index)
        if (kept === undefined) throw new Error(`${name} gave nothing`)
      },
    }),
  }
}
