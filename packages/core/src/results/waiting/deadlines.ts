import type { Timer, Timers } from '../../store/timers.ts'

export interface Deadline {
  cancel(): void
}

interface Node {
  readonly at: number
  readonly expire: () => void
  /** Where the node is in the heap; below zero once it has left. */
  index: number
}

/** Any number of deadlines on one timer: a binary heap whose nodes know their place, so that leaving is as cheap as joining. */
export class Deadlines {
  readonly #timers: Timers
  readonly #heap: Node[] = []
  #timer: Timer | undefined
  #timerAt = Infinity

  constructor(timers: Timers) {
    this.#timers = timers
  }

  add(milliseconds: number, expire: () => void): Deadline {
    const node: Node = { at: this.#timers.scheduler.now() + milliseconds, expire, index: this.#heap.length }
    this.#heap.push(node)
    this.#rise(node)
    this.#arm()
    return { cancel: () => this.#remove(node) }
  }

  #remove(node: Node): void {
    if (node.index < 0) return
    const last = this.#heap.pop()
    if (last !== undefined && last !== node) {
      this.#place(last, node.index)
      this.#rise(last)
      this.#sink(last)
    }
    node.index = -1
    if (this.#heap.length === 0) this.#disarm()
  }

  /** A timer that fires too early because its deadline has left costs nothing, one that is moved for each costs a lot. */
  #arm(): void {
    const first = this.#heap[0]
    if (first === undefined || first.at >= this.#timerAt) return
    this.#disarm()
    this.#timerAt = first.at
    this.#timer = this.#timers.after(first.at - this.#timers.scheduler.now(), () => this.#fire())
  }

  #disarm(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    this.#timerAt = Infinity
  }

  #fire(): void {
    this.#disarm()
    const now = this.#timers.scheduler.now()
    for (let first = this.#heap[0]; first !== undefined && first.at <= now; first = this.#heap[0]) {
      this.#remove(first)
      first.expire()
    }
    this.#arm()
  }

  #place(node: Node, index: number): void {
    this.#heap[index] = node
    node.index = index
  }

  #rise(node: Node): void {
    while (node.index > 0) {
      const parent = this.#heap[(node.index - 1) >> 1]
      if (parent === undefined || parent.at <= node.at) return
      this.#swap(parent, node)
    }
  }

  #sink(node: Node): void {
    for (;;) {
      const left = this.#heap[2 * node.index + 1]
      const right = this.#heap[2 * node.index + 2]
      const child = right !== undefined && left !== undefined && right.at < left.at ? right : left
      if (child === undefined || child.at >= node.at) return
      this.#swap(node, child)
    }
  }

  #swap(above: Node, below: Node): void {
    const { index } = above
    this.#place(above, below.index)
    this.#place(below, index)
  }
}
