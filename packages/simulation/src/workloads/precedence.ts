import { mayReplace, stateOf, type Backend, type State } from '@arpeggio/core'
import type { Choices } from '../choices.ts'
import { pickSetting } from '../setting.ts'
import { Simulation, type Member } from '../simulation.ts'
import type { Workload } from '../workload.ts'

const states = ['SUCCESS', 'FAILURE', 'REVOKED', 'RETRY', 'STARTED', 'PROGRESS'] as const

/** Several processes store what happened to the same few tasks, and forget it: no late writer undoes an ending. */
export function precedence(wrapBackend?: (backend: Backend) => Backend): Workload {
  return {
    name: 'precedence',
    run: (choices, onStep) => run(new Simulation(choices, { ...pickSetting(choices), wrapBackend }, onStep)),
  }
}

async function run(simulation: Simulation): Promise<Simulation> {
  const told: Told[] = []
  const held = watchStates(simulation)
  for (let left = simulation.choices.pick(3) + 1; left > 0; left -= 1) start(simulation, simulation.spawn(), told)
  await simulation.world.run({ maxSteps: 300 })
  simulation.heal()
  await simulation.world.run({ maxSteps: 1_000 })
  judge(simulation, told, held)
  return simulation
}

interface Told {
  readonly id: string
  readonly value: string
  readonly written: boolean
}

/** What every task's document has held, as the store saw it. */
function watchStates(simulation: Simulation): Map<string, Set<string>> {
  const { store } = simulation.world
  const current = new Map<string, State | undefined>()
  const held = new Map<string, Set<string>>()
  store.listen((event) => {
    if (event.type !== 'change') return
    const state = event.value === undefined ? undefined : stateOf(event.value)
    const before = current.get(event.key)
    if (state !== undefined && !mayReplace(before, state, 'strict')) {
      simulation.violate('no late writer undoes an ending', `${event.key}: ${before} became ${state}`)
    }
    if (event.value !== undefined && store.get(event.key)?.expiresAt === undefined) {
      simulation.violate('nothing is left without expiry', event.key)
    }
    current.set(event.key, state)
    const values = held.get(event.key) ?? new Set()
    held.set(event.key, values.add(String(event.value)))
  })
  return held
}

function start({ choices, world }: Simulation, member: Member, told: Told[]): void {
  for (let left = choices.pick(4) + 1; left > 0; left -= 1) {
    const id = choices.of(['t1', 't2'])
    const value = `${member.process.name}.${left}`
    const run = operation(choices, member, { id, value, told })
    world.add({
      process: member.process,
      label: () => `begins ${value} on ${id}`,
      run: () => void run().catch(() => 0),
    })
  }
}

function operation(
  choices: Choices,
  { results }: Member,
  { id, value, told }: { readonly id: string; readonly value: string; readonly told: Told[] },
): () => Promise<void> {
  if (choices.chance(0.15)) return () => results.forget(id)
  const state = choices.of(states)
  return async () => {
    const isError = state === 'FAILURE' || state === 'REVOKED' || state === 'RETRY'
    const { written } = await results.storeResult(id, isError ? new Error(value) : value, state)
    told.push({ id, value, written })
  }
}

function judge(simulation: Simulation, told: readonly Told[], held: ReadonlyMap<string, ReadonlySet<string>>): void {
  for (const { id, value, written } of told) {
    const values = [...(held.get(`celery-task-meta-${id}`) ?? [])]
    const wasThere = values.some((text) => text.includes(`"${value}"`))
    if (written && !wasThere) simulation.violate('what is said to be written was there', `${value} on ${id}`)
  }
}
