import { randomUUID } from 'node:crypto'
import type { Harness } from '@arpeggio/conformance'
import { ElasticsearchBackend, type ElasticsearchClient, type SharedOptions } from '../../src/index.ts'

/** What Elasticsearch does not have, and why. */
export const lacks: Harness['lacks'] = {
  guard:
    'it compares nothing but versions without scripts: what is stored is read, and written over in exactly that state',
  notifications: 'it tells nobody of changes; all waits of a process share one bulk read',
  chords: 'core counts parts with documents that are created if absent',
  clock: 'it tells no time of its own',
}

/** The kit on an index of its own, on a clock that the kit turns. */
export function harnessOf(server: string | ElasticsearchClient, name: string, options: SharedOptions = {}): Harness {
  const index = uniqueIndex()
  let elapsedMs = 0
  const shared = { ...options, clock: () => Date.now() + elapsedMs }
  const open = async (): Promise<ElasticsearchBackend> =>
    typeof server === 'string'
      ? new ElasticsearchBackend({ ...shared, url: `${server}/${index}` })
      : new ElasticsearchBackend({ ...shared, client: server, index })
  return {
    name,
    lacks,
    open,
    openAnother: open,
    advance: (seconds) => void (elapsedMs += seconds * 1000),
    rounds: 5,
  }
}

export function uniqueIndex(): string {
  return `test-${randomUUID()}`
}
