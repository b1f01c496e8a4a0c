import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { Explored } from '../exhaustive/explore.ts'
import { scoped } from '../exhaustive/scoped.ts'
import { scopes, type Scope } from '../exhaustive/scopes.ts'
import { traceOfExplored } from '../workload.ts'

export interface ExhaustiveOptions {
  readonly workers: number
  /** So many schedules of each scope at most. */
  readonly limit: number
}

/** Every schedule of some small chords, within bounds. Resolves to the exit code. */
export async function exhaustive({ workers, limit }: ExhaustiveOptions): Promise<number> {
  const queue = [...scopes.keys()]
  let broken = 0
  const work = async (): Promise<void> => {
    for (let index = queue.shift(); index !== undefined; index = queue.shift()) {
      const scope = scopes[index]
      if (scope === undefined) return
      const onProgress = ({ schedules }: Explored): void => console.log(`${scope.name}: ${schedules} schedules so far`)
      const explored = await followed(index, limit, onProgress)
      console.log(line(scope, explored))
      if (explored.found === undefined) continue
      broken += 1
      for (const step of await traceOfExplored(scoped(scope), explored.found.taken)) console.log(step)
      for (const { rule, detail } of explored.found.violations) console.log(`broken: ${rule}: ${detail}`)
    }
  }
  await Promise.all(Array.from({ length: workers }, work))
  console.log(`${scopes.length} scopes, ${broken} violations`)
  return broken === 0 ? 0 : 1
}

async function followed(index: number, limit: number, onProgress: (soFar: Explored) => void): Promise<Explored> {
  const worker = new Worker(new URL('../exhaustive/worker.ts', import.meta.url), { workerData: { index, limit } })
  try {
    for (;;) {
      const [soFar] = (await once(worker, 'message')) as [Explored & { readonly isOver?: boolean }] // what the worker posts
      if (soFar.isOver === true) return soFar
      onProgress(soFar)
    }
  } finally {
    await worker.terminate()
  }
}

function line({ name, bounds: { preemptions, faults } }: Scope, explored: Explored): string {
  const within = `at most ${preemptions} preemptions, ${faults} crashes`
  const end = explored.isComplete ? 'all of them' : 'cut off'
  return `${name} (${within}): ${explored.schedules} schedules, ${explored.points} points, ${end}`
}
