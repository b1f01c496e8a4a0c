/** Does a thing once for everybody who asks for it in one tick. It begins when the last of them has asked. */
export class SameTick<Answer> {
  readonly #waiting: Map<string, Promise<Answer>> = new Map()

  run(name: string, operation: () => Promise<Answer>): Promise<Answer> {
    const known = this.#waiting.get(name)
    if (known !== undefined) return known
    const answer = Promise.resolve().then(() => {
      this.#waiting.delete(name)
      return operation()
    })
    this.#waiting.set(name, answer)
    return answer
  }
}
