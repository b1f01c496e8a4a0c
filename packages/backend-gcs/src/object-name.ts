import type { Key } from '@arpeggio/core'
import { Escapes } from './escapes.ts'

/** The name of an object has no line breaks. */
const escapes = new Escapes({ '\n': 'n', '\r': 'r' })

/** Keys as names of objects, which are Celery's: the key, in a folder if there is one. */
export class ObjectNames {
  /** In front of every name, with its slash; empty without a base path. */
  readonly folder: string

  constructor(basePath: string) {
    this.folder = basePath === '' ? '' : `${basePath}/`
  }

  of(key: Key): string {
    return this.folder + escapes.escape(key)
  }

  keyOf(name: string): Key {
    return escapes.unescape(name.slice(this.folder.length))
  }
}
