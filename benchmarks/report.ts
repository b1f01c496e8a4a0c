import { arch, cpus, platform } from 'node:os'
import Table from 'cli-table3'
import type { Goal, Measured } from './measure.ts'
import { estimate, ratio, type Estimate } from './statistics.ts'

export interface Section {
  readonly title: string
  readonly measured: readonly Measured[]
}

/** One table a section; the first case of each is the floor. */
export function asTable(sections: readonly Section[]): string {
  return [machine(), ...sections.map(sectionTable)].join('\n\n')
}

export function asJson(sections: readonly Section[]): string {
  const report = sections.map(({ title, measured }) => ({
    title,
    cases: measured.map(({ name, operations, goal, samples }) => ({
      name,
      operationsPerRound: operations,
      rounds: samples.length,
      nanoseconds: estimate(samples),
      perSecond: perSecond(samples),
      timesFloor: ratio(samples, floorOf(measured)),
      goal,
      met: meets(goal, samples, floorOf(measured)),
      samples,
    })),
  }))
  return JSON.stringify({ machine: machine(), sections: report }, undefined, 2)
}

function sectionTable({ title, measured }: Section): string {
  const table = new Table({
    head: [title, 'per second', 'µs each [95 %]', '× floor [95 %]', 'goal'],
    style: { head: [], border: [] },
  })
  for (const { name, goal, samples } of measured) {
    const rate = Math.round(perSecond(samples).median).toLocaleString('en')
    const verdict = goalText(goal, meets(goal, samples, floorOf(measured)))
    const floor = ratio(samples, floorOf(measured))
    table.push([name, rate, interval(inMicroseconds(samples)), interval(floor), verdict])
  }
  return `${table.toString()}\n${measured[0]?.samples.length ?? 0} interleaved rounds`
}

/** Whether every case keeps its goal. */
export function allMet(sections: readonly Section[]): boolean {
  return sections.every(({ measured }) =>
    measured.every(({ goal, samples }) => meets(goal, samples, floorOf(measured))),
  )
}

function meets(goal: Goal, samples: readonly number[], floor: readonly number[]): boolean {
  const fastEnough = goal.perSecond === undefined || perSecond(samples).median >= goal.perSecond
  return fastEnough && (goal.timesFloor === undefined || ratio(samples, floor).median <= goal.timesFloor)
}

function goalText({ perSecond: rate, timesFloor }: Goal, met: boolean): string {
  const parts = [
    ...(rate === undefined ? [] : [`≥ ${rate.toLocaleString('en')}/s`]),
    ...(timesFloor === undefined ? [] : [`≤ ${timesFloor} ×`]),
  ]
  return parts.length === 0 ? '' : `${parts.join(', ')}: ${met ? 'kept' : 'MISSED'}`
}

function floorOf(measured: readonly Measured[]): readonly number[] {
  return measured[0]?.samples ?? []
}

function perSecond(samples: readonly number[]): Estimate {
  return estimate(samples.map((nanoseconds) => 1e9 / nanoseconds))
}

function inMicroseconds(samples: readonly number[]): Estimate {
  return estimate(samples.map((nanoseconds) => nanoseconds / 1_000))
}

function interval({ median, low, high }: Estimate): string {
  return `${median.toFixed(2)} [${low.toFixed(2)}–${high.toFixed(2)}]`
}

function machine(): string {
  return `Node ${process.version}, ${platform()} ${arch()}, ${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown'}`
}
