import { cases, type Chapter, register } from '@arpeggio/conformance'
import { afterAll, describe, it } from 'vitest'
import { SqliteFiles } from './sqlite-harness.ts'

const files = new SqliteFiles()
afterAll(() => files[Symbol.asyncDispose]())

const chapters: ReadonlySet<Chapter> = new Set(['concurrency', 'state precedence', 'groups', 'waiting', 'chords'])
const betweenProcesses = cases.filter(
  ({ name, chapter, needs, asks }) =>
    (chapters.has(chapter) && !name.includes('killed')) ||
    asks.includes('openAnother') ||
    needs.some((need) => need === 'revision'),
)
register(files.twoProcesses(), { describe, it }, betweenProcesses)
