import type { Timer, Timers } from '../../store/timers.ts'

/** Whose time may be over. */
export interface Expiring {
  expire(): void
}

export interface Deadline {
  readonly at: number
  readonly whose: Expiring
  /** Its place in the heap; below zero once it has left. */
  index: number
}

/** Any number of deadlines on one timer: a binary heap whose members know their place, so that leaving is as cheap as joining. */
export class Deadlines {
  readonly #timers: Timers
  readonly #heap: Deadline[] = []
  #timer: Timer | undefined
  #timerAt = Infinity

  constructor(timers: Timers) {
    this.#timers = timers
  }

  add(milliseconds: number, whose: Expiring): Deadline {
    const deadline: Deadline = { at: this.#timers.scheduler.now() + milliseconds, whose, index: this.#heap.length }
    this.#heap.push(deadline)
    this.#rise(deadline)
    this.#arm()
    return deadline
  }

  /** One that has left already is none any more. */
  remove(deadline: Deadline): void {
    if (deadline.index < 0) return
    const last = this.#heap.pop()
    if (last !== undefined && last !== deadline) {
      this.#place(last, deadline.index)
      this.#rise(last)
      this.#sink(last)
    }
    deadline.index = -1
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
      this.remove(first)
      first.whose.expire()
    }
    this.#arm()
  }

  #place(node: Deadline, index: number): void {
    this.#heap[index] = node
    node.index = index
  }

  #rise(node: Deadline): void {
    while (node.index > 0) {
      const parent = this.#heap[(node.index - 1) >> 1]
      if (parent === undefined || parent.at <= node.at) return
      this.#swap(parent, node)
    }
  }

  #sink(node: Deadline): void {
    for (;;) {
      const left = this.#heap[2 * node.index + 1]
      const right = this.#heap[2 * node.index + 2]
      const child = right !== undefined && left !== undefined && right.at < left.at ? right : left
      if (child === undefined || child.at >= node.at) return
      this.#swap(node, child)
    }
  }

  #swap(above: Deadline, below: Deadline): void {
    const { index } = above
    this.#place(above, below.index)
    this.#place(below, index)
  }
}
