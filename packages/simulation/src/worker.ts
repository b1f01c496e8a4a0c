import { parentPort, workerData } from 'node:worker_threads'
import type { Portion, PortionDone } from './pool.ts'
import { runSeed, type Outcome } from './workload.ts'
import { workloadOf } from './workloads.ts'

// Stacks are never looked at, and take time.
Error.stackTraceLimit = 0

const workload = workloadOf(String(workerData))

parentPort?.on('message', ({ from, count }: Portion) => void simulate(from, count))

async function simulate(from: number, count: number): Promise<void> {
  const found: Outcome[] = []
  let steps = 0
  for (let seed = from; seed < from + count; seed += 1) {
    const outcome = await runSeed(workload, seed)
    steps += outcome.steps
    if (outcome.violations.length > 0) found.push(outcome)
  }
  const done: PortionDone = { count, steps, found }
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread is no window
  parentPort?.postMessage(done)
}
