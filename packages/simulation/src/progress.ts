import { SingleBar } from 'cli-progress'

/** Shows how far it is: a bar on a terminal, a line now and then elsewhere. */
export class Progress {
  readonly #total: number
  readonly #what: string
  readonly #bar: SingleBar | undefined
  #done = 0
  #said = 0

  constructor(total: number, what: string, out: NodeJS.WriteStream = process.stderr) {
    this.#total = total
    this.#what = what
    if (!out.isTTY) return
    this.#bar = new SingleBar({ format: `{bar} {value}/{total} ${what}, {eta_formatted} left`, stream: out })
    this.#bar.start(total, 0)
  }

  add(count: number): void {
    this.#done += count
    this.#bar?.update(this.#done)
    const tenths = Math.floor((10 * this.#done) / this.#total)
    if (this.#bar !== undefined || tenths === this.#said) return
    this.#said = tenths
    console.log(`${this.#done} of ${this.#total} ${this.#what}`)
  }

  end(): void {
    this.#bar?.stop()
  }
}
