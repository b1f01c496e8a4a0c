/** Lets so many operations run at a time; the others wait in their order. */
export class Limiter {
  readonly #limit: number
  readonly #waiting: (() => void)[] = []
  #running = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  async run<Answer>(operation: () => Promise<Answer>): Promise<Answer> {
    if (this.#running < this.#limit) this.#running += 1
    else await new Promise<void>((resolve) => this.#waiting.push(resolve))
    try {
      return await operation()
    } finally {
      const next = this.#waiting.shift()
      // Whoever is next takes over the place.
      if (next === undefined) this.#running -= 1
      else next()
    }
  }
}
