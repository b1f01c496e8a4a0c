import type { Version } from '@arpeggio/core'

/**
 * A reader takes what has expired for absent at once; a writer replaces it only this long after, so that no two processes
 * whose clocks differ a little take one value for expired and for valid.
 */
export const graceSeconds = 5

export function isExpired(expiresAt: Date | undefined, now: number): boolean {
  return expiresAt !== undefined && expiresAt.getTime() <= now
}

export function isReplaceable(expiresAt: Date | undefined, now: number): boolean {
  return expiresAt !== undefined && expiresAt.getTime() + graceSeconds * 1_000 <= now
}

export function expiryOf(seconds: number | undefined, now: number): Date | undefined {
  return seconds === undefined ? undefined : new Date(Math.ceil(now + seconds * 1_000))
}

/** Names a state of a key by what the service calls it, and says until when it is valid. */
export function versionOf(state: string, expiresAt: Date | undefined): Version {
  return expiresAt === undefined ? state : `${state}@${expiresAt.getTime()}`
}

/** What the service calls that state; nothing for one that has expired, or that is none of ours. */
export function validStateOf(version: Version, now: number): string | undefined {
  const { state, until } = /^(?<state>\d+(?:\.\d+)?)(?:@(?<until>-?\d+))?$/u.exec(version)?.groups ?? {}
  return until !== undefined && Number(until) <= now ? undefined : state
}
