import { cases, type Chapter, register } from '@arpeggio/conformance'
import { afterAll, describe, it } from 'vitest'
import { SqliteFiles } from './sqlite-harness.ts'

const files = new SqliteFiles()
afterAll(() => files[Symbol.asyncDispose]())

const chapters: ReadonlySet<Chapter> = new Set(['concurrency', 'state precedence', 'groups', 'waiting'])
const betweenProcesses = cases.filter(
  ({ chapter, needs, asks, musts }) =>
    chapters.has(chapter) ||
    (chapter === 'chords' && musts.length > 0) || // about what several processes see of each other
    asks.includes('openAnother') ||
    needs.some((need) => need === 'revision'),
)
// Starting processes and waiting for real expiries takes long, and the cases do not know of each other.
register(files.twoProcesses(), { describe, it: it.concurrent }, betweenProcesses)
