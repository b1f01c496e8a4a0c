export interface HeartbeatActions {
  readonly beat: () => Promise<void>
  readonly onMissed: () => void
}

/** Notices a connection that is dead without a sign: asks at every beat, and the answer must be there at the next one. */
export class Heartbeat {
  readonly #actions: HeartbeatActions
  readonly #timer: NodeJS.Timeout
  #owed = 0

  constructor(everyMs: number, actions: HeartbeatActions) {
    this.#actions = actions
    this.#timer = setInterval(() => this.#beat(), everyMs).unref()
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  #beat(): void {
    if (this.#owed > 0) return this.#judge()
    this.#owed++
    this.#actions.beat().then(
      () => void this.#owed--,
      () => this.#actions.onMissed(),
    )
  }

  /** After a long pause of this process the answer may have come, and only wait to be read. */
  #judge(): void {
    setImmediate(() => {
      setImmediate(() => {
        if (this.#owed > 0) this.#actions.onMissed()
      })
    })
  }
}
