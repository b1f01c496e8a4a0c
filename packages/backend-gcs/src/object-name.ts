import type { Key } from '@arpeggio/core'

/** A control character that stands in front of what replaces a line break, which no object's name can have. */
const escape = '\u0010'

/** Keys as names of objects: Celery's, and the same for every key but the strangest. What a prefix of keys was, still is one. */
export class ObjectNames {
  /** In front of every name, with its slash; empty without a base path. */
  readonly folder: string

  constructor(basePath: string) {
    this.folder = basePath === '' ? '' : `${basePath}/`
  }

  of(key: Key): string {
    const escaped = key.replaceAll(escape, escape + escape)
    return this.folder + escaped.replaceAll('\n', `${escape}n`).replaceAll('\r', `${escape}r`)
  }

  keyOf(name: string): Key {
    const pieces = name.slice(this.folder.length).split(escape + escape)
    return pieces.map((piece) => piece.replaceAll(`${escape}n`, '\n').replaceAll(`${escape}r`, '\r')).join(escape)
  }
}
