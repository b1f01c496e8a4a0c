import { hash, randomUUID } from 'node:crypto'
import { encodeJson } from '../wire/json.ts'
import type { AnySignature } from './signature.ts'
import { derived, namespaceBytes } from './uuid-v5.ts'

/** Where tasks, groups and chords without an id get one. */
export interface IdSource {
  /** The source for the member or step at this place. */
  child(step: number | string): IdSource
  ofTask(signature: AnySignature): string
  of(kind: 'group' | 'chord'): string
}

/** Another id each time. */
export const randomIds: IdSource = {
  child: () => randomIds,
  ofTask: () => randomUUID(),
  of: () => randomUUID(),
}

/**
 * The same ids each time: of the chord's id, the place in the chord and, for a task, of what is called. So a chord
 * that is applied again after a crash finds what it has started already, and changed arguments are another task.
 */
export class DerivedIds implements IdSource {
  readonly #namespace: Uint8Array
  readonly #path: string

  constructor(chordId: string | Uint8Array, path = '') {
    this.#namespace = typeof chordId === 'string' ? namespaceBytes(chordId) : chordId
    this.#path = path
  }

  child(step: number | string): DerivedIds {
    return new DerivedIds(this.#namespace, this.#path === '' ? String(step) : `${this.#path}.${step}`)
  }

  ofTask({ task, args, kwargs }: AnySignature): string {
    const digest = hash('sha256', encodeJson([task, args, kwargs]), 'hex')
    return derived(this.#namespace, `${this.#path}:${digest}`)
  }

  of(kind: 'group' | 'chord'): string {
    return this.named(`${this.#path}/${kind}`)
  }

  named(name: string): string {
    return derived(this.#namespace, name)
  }
}
