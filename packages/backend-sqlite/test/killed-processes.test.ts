import { cases, register } from '@arpeggio/conformance'
import { afterAll, describe, it } from 'vitest'
import { SqliteFiles } from './sqlite-harness.ts'

const files = new SqliteFiles()
afterAll(() => files[Symbol.asyncDispose]())

// A process takes its time to start: the points where most is at stake must do, and of what may follow, the hardest.
const telling = ['its message is lost', 'is sealed', 'a sweep']
const killed = cases.filter(({ name }) => name.includes('killed') && telling.some((words) => name.includes(words)))
register(
  { ...files.twoProcesses(), name: 'sqlite, whose processes are killed,' },
  { describe, it: it.concurrent },
  killed,
)
