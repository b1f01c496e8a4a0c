import type { Timer, Timers } from '../../store/timers.ts'

/** Whose time may be over. */
export interface Expiring {
  /** From `Deadlines.after`. */
  readonly deadline: number
  /** Once it is over, it has left. */
  readonly isOver: boolean
  expire(): void
}

/** So many may have left before they are looked for. */
const fewest = 64

/**
 * Any number of deadlines on one timer: a binary heap. Whoever leaves early stays in it, and is put away with the others
 * when they are more than those that are left; nearly all leave early, and each of them by itself would cost a search.
 */
export class Deadlines {
  readonly #timers: Timers
  #heap: Expiring[] = []
  #count = 0
  #timer: Timer | undefined
  #timerAt = Infinity

  constructor(timers: Timers) {
    this.#timers = timers
  }

  /** The time that many milliseconds from now on the scheduler's clock, whole because that takes no memory of its own. */
  after(milliseconds: number): number {
    return Math.ceil(this.#timers.scheduler.now() + milliseconds)
  }

  add(whose: Expiring): void {
    this.#heap.push(whose)
    this.#rise(this.#heap.length - 1)
    this.#count += 1
    if (whose.deadline < this.#timerAt) this.#arm()
  }

  /** To be called once by everyone that was added, when it is over. */
  left(): void {
    this.#count -= 1
    if (this.#count === 0) {
      this.#heap = []
      this.#disarm()
    } else if (this.#heap.length > 2 * this.#count + fewest) {
      // In order, which is a heap as well.
      this.#heap = this.#heap.filter((whose) => !whose.isOver).toSorted((a, b) => a.deadline - b.deadline)
    }
  }

  /** A timer that fires too early because its deadline has left costs nothing, one that is moved for each costs a lot. */
  #arm(): void {
    this.#disarm()
    const [first] = this.#heap
    if (first === undefined) return
    this.#timerAt = first.deadline
    this.#timer = this.#timers.after(first.deadline - this.#timers.scheduler.now(), () => this.#fire())
  }

  #disarm(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    this.#timerAt = Infinity
  }

  #fire(): void {
    this.#disarm()
    const now = this.#timers.scheduler.now()
    for (
      let [first] = this.#heap;
      first !== undefined && (first.isOver || first.deadline <= now);
      [first] = this.#heap
    ) {
      this.#removeFirst()
      if (!first.isOver) first.expire()
    }
    this.#arm()
  }

  #removeFirst(): void {
    const last = this.#heap.pop()
    if (last === undefined || this.#heap.length === 0) return
    this.#heap[0] = last
    this.#sink(0)
  }

  #rise(index: number): void {
    for (let at = index; at > 0;) {
      const above = (at - 1) >> 1
      if (this.#at(above) <= this.#at(at)) return
      this.#swap(above, at)
      at = above
    }
  }

  #sink(index: number): void {
    for (let at = index; ;) {
      const left = 2 * at + 1
      const child = this.#at(left + 1) < this.#at(left) ? left + 1 : left
      if (this.#at(child) >= this.#at(at)) return
      this.#swap(at, child)
      at = child
    }
  }

  #at(index: number): number {
    return this.#heap[index]?.deadline ?? Infinity
  }

  #swap(above: number, below: number): void {
    const [upper, lower] = [this.#heap[above], this.#heap[below]]
    if (upper === undefined || lower === undefined) return
    this.#heap[above] = lower
    this.#heap[below] = upper
  }
}
