/** Lets those who replace one thing do it one after the other: side by side, all but one would come too late and begin again. */
export class Turns {
  readonly #last: Map<string, Promise<unknown>> = new Map()

  /** Tells `work` whether others went before it. */
  async take<Answer>(name: string, work: (waited: boolean) => Promise<Answer>): Promise<Answer> {
    const before = this.#last.get(name)
    const turn = before === undefined ? work(false) : before.then(() => work(true))
    const end = turn.then(nothing, nothing)
    this.#last.set(name, end)
    try {
      return await turn
    } finally {
      if (this.#last.get(name) === end) this.#last.delete(name)
    }
  }
}

function nothing(): void {}
