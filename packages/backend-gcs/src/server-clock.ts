/** Expiry is judged by the clock of the servers, as far as their answers tell it: the clocks of processes may differ. */
export class ServerClock {
  readonly #own: () => number
  #aheadMs = 0

  constructor(own: () => number = Date.now) {
    this.#own = own
  }

  /** Milliseconds since 1970. */
  now(): number {
    return this.#own() + this.#aheadMs
  }

  /** A moment that a server has just named, in full seconds or finer. */
  heard(serverMs: number): void {
    if (Number.isNaN(serverMs)) return
    const aheadMs = serverMs - Date.now()
    // Within what the way of an answer and full seconds account for, the clock here is as good.
    this.#aheadMs = Math.abs(aheadMs) < toleratedMs ? 0 : aheadMs
  }
}

const toleratedMs = 2_000
