import type { NodePlace } from './chord-keys.ts'

/** The shape of the tree over the slots of a chord: pure arithmetic. */
export class SlotTree {
  readonly size: number
  readonly fanOut: number
  /** The level of the root; 1 when the root stands right above the slots. */
  readonly height: number

  constructor(size: number, fanOut: number) {
    this.size = size
    this.fanOut = fanOut
    let height = 1
    for (let reach = fanOut; reach < size; reach *= fanOut) height += 1
    this.height = height
  }

  /** How many entries there are on a level; level 0 are the slots. */
  count(level: number): number {
    return Math.ceil(this.size / this.fanOut ** level)
  }

  /** The entries of the level below that a node stands for, as a half-open range. */
  children(level: number, index: number): readonly [from: number, to: number] {
    const from = index * this.fanOut
    return [from, Math.min(from + this.fanOut, this.count(level - 1))]
  }

  place(level: number, index: number): NodePlace {
    const span = this.fanOut ** level
    return { level, index, leaves: Math.min(span, this.size - index * span) }
  }

  /** Whether a node is cut off by the size: when the chord grows, another stands in its place. */
  isCutOff(level: number, index: number): boolean {
    return this.place(level, index).leaves < this.fanOut ** level
  }

  /** Every node that ever gets a marker: all but the root, for which the claim stands. */
  *places(): Generator<NodePlace> {
    for (let level = 1; level < this.height; level += 1) {
      for (let index = 0; index < this.count(level); index += 1) yield this.place(level, index)
    }
  }
}
