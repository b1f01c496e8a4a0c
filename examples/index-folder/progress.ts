import { SingleBar } from 'cli-progress'

/** Shows how far the work has come: a bar on a terminal, a line for every tenth elsewhere. */
export interface Progress {
  update(done: number): void
  stop(): void
}

export function showProgress(total: number, stored: number): Progress {
  console.log(`${total} files, ${stored} with a stored result`)
  if (!process.stdout.isTTY) return new Lines(total, stored)
  const bar = new SingleBar({ format: '{bar} {percentage}% | {value} of {total} files | {eta} s left' })
  bar.start(total, stored)
  return bar
}

class Lines implements Progress {
  readonly #total: number
  #tenths: number

  constructor(total: number, done: number) {
    this.#total = total
    this.#tenths = this.#tenthsOf(done)
  }

  update(done: number): void {
    const tenths = this.#tenthsOf(done)
    if (tenths > this.#tenths) console.log(`${done} of ${this.#total} files`)
    this.#tenths = tenths
  }

  stop(): void {}

  #tenthsOf(done: number): number {
    return Math.floor((done * 10) / this.#total)
  }
}
