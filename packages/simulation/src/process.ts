/** One simulated process: it can be paused and killed, and its clock may be wrong. */
export class SimulatedProcess {
  readonly name: string
  /** How far its wall clock is ahead of the store's. */
  readonly skewMs: number
  isAlive = true
  /** Nothing of this process happens before. */
  pausedUntil = 0

  constructor(name: string, skewMs: number) {
    this.name = name
    this.skewMs = skewMs
  }

  runsAt(now: number): boolean {
    return this.isAlive && this.pausedUntil <= now
  }
}
