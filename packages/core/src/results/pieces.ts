import type { Scheduler } from '../store/scheduler.ts'

/** A piece that does not fill up is handed on this soon. */
const patienceMs = 20

/**
 * Cuts what a source yields into pieces of at most `size`. The next item is only asked for when the piece before was
 * dealt with, and a slow source does not hold back what it has yielded.
 */
export async function* pieces<Item>(
  source: AsyncIterable<Item> | Iterable<Item>,
  size: number,
  scheduler: Scheduler,
): AsyncGenerator<readonly Item[]> {
  const iterator = iteratorOf(source)
  let isDone = false
  try {
    let next = iterator.next()
    while (!isDone) {
      const piece: Item[] = []
      const patience = new Patience(scheduler)
      try {
        for (;;) {
          const step = piece.length === 0 ? await next : await patience.outlast(next)
          if (step === undefined) break
          isDone = step.done === true
          if (step.done === true) break
          piece.push(step.value)
          if (piece.length === size) break
          next = iterator.next()
        }
      } finally {
        patience.end()
      }
      if (piece.length > 0) yield piece
      if (piece.length === size) next = iterator.next()
    }
  } finally {
    if (!isDone) await iterator.return?.()
  }
}

type Step<Item> = IteratorResult<Item, unknown> | Promise<IteratorResult<Item, unknown>>

interface AnyIterator<Item> {
  next(): Step<Item>
  return?(): Step<Item>
}

function iteratorOf<Item>(source: AsyncIterable<Item> | Iterable<Item>): AnyIterator<Item> {
  return Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]()
}

/** One timer for a whole piece. */
class Patience {
  readonly #scheduler: Scheduler
  #over: Promise<undefined> | undefined
  #timer: unknown

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler
  }

  /** What was asked for, or nothing when it takes too long. */
  async outlast<Value>(value: Value | Promise<Value>): Promise<Value | undefined> {
    if (!(value instanceof Promise)) return value
    this.#over ??= new Promise((resolve) => {
      this.#timer = this.#scheduler.setTimeout(() => resolve(undefined), patienceMs)
    })
    return await Promise.race([value, this.#over])
  }

  end(): void {
    if (this.#timer !== undefined) this.#scheduler.clearTimeout(this.#timer)
  }
}
