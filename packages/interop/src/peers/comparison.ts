import { setTimeout as delay } from 'node:timers/promises'
import { HasNone } from './peer.ts'
import type { InteropCase } from '../interop-case.ts'
import { Matrix, type OpenNode } from '../matrix.ts'
import { redisRow } from '../stores/redis.ts'

/** What became of a case: it holds, it does not, or the client lacks what it asks for. */
export type Verdict = 'holds' | 'fails' | 'has none'

const LIMIT_MS = 5_000
const AT_ONCE = 6

/** The verdict on every case, in their order, of a client in the place of ours. */
export async function compare(cases: readonly InteropCase[], open: OpenNode): Promise<readonly Verdict[]> {
  await using matrix = await Matrix.start(redisRow, '5.6.3')
  const verdicts: Verdict[] = Array.from({ length: cases.length }, () => 'fails')
  const queue = cases.entries()
  const work = async (): Promise<void> => {
    for (const [index, interopCase] of queue) verdicts[index] = await verdictOf(matrix, interopCase, open)
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
  return verdicts
}

/** Some of them wait for ever. */
async function late(): Promise<Verdict> {
  await delay(LIMIT_MS, undefined, { ref: false })
  return 'fails'
}

async function verdictOf(matrix: Matrix, interopCase: InteropCase, open: OpenNode): Promise<Verdict> {
  if (interopCase.celery?.('5.6.3') === false) return 'has none'
  try {
    return await Promise.race([matrix.run(interopCase, open).then(() => 'holds' as const), late()])
  } catch (error) {
    return error instanceof HasNone ? 'has none' : 'fails'
  }
}
