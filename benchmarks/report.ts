import { arch, cpus, platform } from 'node:os'
import Table from 'cli-table3'
import type { Count } from './benchmark.ts'
import type { Goal, Measured } from './measure.ts'
import { estimate, ratio, type Estimate } from './statistics.ts'

export interface Section {
  readonly title: string
  readonly measured: readonly Measured[]
}

export interface Counted {
  readonly title: string
  readonly counts: readonly Count[]
}

export interface Report {
  readonly sections: readonly Section[]
  readonly counted: readonly Counted[]
}

/** One table a section; the first case of each is the floor. */
export function asTable({ sections, counted }: Report): string {
  return [machine(), ...sections.map(sectionTable), ...counted.map(countTable)].join('\n\n')
}

export function asJson({ sections, counted }: Report): string {
  const timed = sections.map(({ title, measured }) => ({
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
  return JSON.stringify({ machine: machine(), sections: timed, counted }, undefined, 2)
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

function countTable({ title, counts }: Counted): string {
  const table = new Table({ head: [title, 'count', 'goal'], style: { head: [], border: [] } })
  for (const count of counts) {
    const { name, value, most } = count
    const verdict = isKept(count) ? 'kept' : 'MISSED'
    table.push([name, value.toFixed(3), most === undefined ? '' : `≤ ${Number(most.toFixed(3))}: ${verdict}`])
  }
  return table.toString()
}

/** Whether everything keeps its goal. */
export function allMet({ sections, counted }: Report): boolean {
  const isFast = sections.every(({ measured }) =>
    measured.every(({ goal, samples }) => meets(goal, samples, floorOf(measured))),
  )
  return isFast && counted.every(({ counts }) => counts.every(isKept))
}

function isKept({ value, most }: Count): boolean {
  return most === undefined || value <= most
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
