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
  const reader = new Reader(source)
  try {
    while (!reader.isDone) {
      const piece: Item[] = []
      const patience = new Patience(scheduler)
      while (piece.length < size && (await reader.take(piece, patience)));
      patience.end()
      if (piece.length > 0) yield piece
    }
  } finally {
    await reader.end()
  }
}

/** Keeps what was asked for and did not come in time. */
class Reader<Item> {
  isDone = false
  readonly #iterator: AnyIterator<Item>
  #next: Step<Item> | undefined

  constructor(source: AsyncIterable<Item> | Iterable<Item>) {
    this.#iterator = iteratorOf(source)
  }

  /** Adds the next item; resolves to false when there is none, or none in time for a piece that has begun. */
  async take(piece: Item[], patience: Patience): Promise<boolean> {
    this.#next ??= this.#iterator.next()
    const step = piece.length === 0 ? await this.#next : await patience.outlast(this.#next)
    if (step === undefined) return false
    this.#next = undefined
    if (step.done === true) this.isDone = true
    else piece.push(step.value)
    return !this.isDone
  }

  async end(): Promise<void> {
    if (!this.isDone) await this.#iterator.return?.()
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
