import { appendFileSync } from 'node:fs'

/** A line for every run that begins and every result that is stored, all of one length, written before anything goes on. */
export class RunLog {
  readonly #path: string | undefined

  constructor(path: string | undefined) {
    this.#path = path
  }

  readonly began = (id: string): void => this.#append('began', id)

  readonly saved = (id: string): void => this.#append('saved', id)

  #append(event: string, id: string): void {
    if (this.#path !== undefined) appendFileSync(this.#path, `${event} ${id}\n`)
  }
}
