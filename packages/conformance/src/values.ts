import assert from 'node:assert/strict'
import type { Backend, SetOutcome, Stored, Value, Version } from '@arpeggio/core'

/** A backend may return either form of a value; comparisons need one. */
export function textOf(stored: { readonly value?: Value } | undefined): string | undefined {
  const value = stored?.value
  return typeof value === 'string' || value === undefined
    ? value
    : new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(value)
}

export function bytesOf(stored: Stored | undefined): readonly number[] | undefined {
  const value = stored?.value
  if (value === undefined) return undefined
  return [...(typeof value === 'string' ? new TextEncoder().encode(value) : value)]
}

/** The version of a write that must have happened. */
export function versionOf(outcome: SetOutcome): Version {
  assert.ok(outcome.written, 'the write happened')
  return outcome.version
}

/** What is under `key`; there must be something. */
export async function stored(backend: Backend, key: string): Promise<Stored> {
  const found = await backend.get(key)
  assert.ok(found, `a value under ${key}`)
  return found
}
