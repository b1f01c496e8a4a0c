import type { Key } from '../backend/value.ts'

const TASK_PREFIX = 'celery-task-meta-'
const GROUP_PREFIX = 'celery-taskset-meta-'
const CHORD_PREFIX = 'chord-unlock-'

/** Joins ids to the keys that Celery uses for them. */
export class Keys {
  readonly #task: string
  readonly #group: string
  readonly #chord: string

  constructor(options: { readonly globalKeyprefix?: string } = {}) {
    const global = keyPrefix(options.globalKeyprefix ?? '')
    this.#task = global + TASK_PREFIX
    this.#group = global + GROUP_PREFIX
    this.#chord = global + CHORD_PREFIX
  }

  task(id: string): Key {
    return this.#task + checkedId(id)
  }

  group(id: string): Key {
    return this.#group + checkedId(id)
  }

  chord(id: string): Key {
    return this.#chord + checkedId(id)
  }

  /** The id behind a task or group key; any other key comes back unchanged, as in Celery. */
  stripPrefix(key: Key): string {
    if (key.startsWith(this.#task)) return key.slice(this.#task.length)
    return key.startsWith(this.#group) ? key.slice(this.#group.length) : key
  }

  /** The id behind a task key, and nothing for other keys. */
  taskIdOf(key: Key): string | undefined {
    return key.length > this.#task.length && key.startsWith(this.#task) ? key.slice(this.#task.length) : undefined
  }
}

/** What a global prefix puts in front of every key: with a separator behind it, unless it ends in one. */
export function keyPrefix(prefix: string): string {
  if (prefix === '') return ''
  checkText(prefix, 'A global key prefix')
  return /[:_.-]$/.test(prefix) ? prefix : `${prefix}_`
}

function checkedId(id: string): string {
  if (typeof id !== 'string') throw new TypeError(`An id must be a string, got ${typeof id}`)
  if (id === '') throw new TypeError('An id must not be empty')
  return checkText(id, 'An id')
}

// Stores that speak UTF-8 would fold all lone surrogates into one character, and some end a key at U+0000.
function checkText(text: string, what: string): string {
  if (!text.isWellFormed()) throw new TypeError(`${what} must not contain half a surrogate pair`)
  if (text.includes('\0')) throw new TypeError(`${what} must not contain U+0000`)
  return text
}
