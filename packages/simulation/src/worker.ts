import { parentPort, workerData } from 'node:worker_threads'
import { mutants } from './mutants/mutants.ts'
import { plant } from './mutants/plant.ts'
import type { Portion, PortionDone, WorkerTask } from './pool.ts'

// Stacks are never looked at, and take time.
Error.stackTraceLimit = 0

const task = workerData as WorkerTask // what pool.ts passes
const mutant = mutants.find(({ name }) => name === task.mutant)
if (mutant !== undefined) plant(mutant)

// Loaded late, so that core is loaded with the bug.
const { runSeed } = await import('./workload.ts')
const { workloadOf } = await import('./workloads.ts')
const workload = workloadOf(task.workload)

parentPort?.on('message', (portion: Portion) => void simulate(portion))

async function simulate({ from, count }: Portion): Promise<void> {
  const found: PortionDone['found'][number][] = []
  let steps = 0
  for (let seed = from; seed < from + count; seed += 1) {
    const outcome = await runSeed(workload, seed)
    steps += outcome.steps
    if (outcome.violations.length === 0) continue
    found.push(outcome)
    if (mutant !== undefined) break
  }
  const done: PortionDone = { count, steps, found }
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread is no window
  parentPort?.postMessage(done)
}
