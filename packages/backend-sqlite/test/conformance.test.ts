import { register } from '@arpeggio/conformance'
import { afterAll, describe, it } from 'vitest'
import { SqliteFiles } from './sqlite-harness.ts'

const files = new SqliteFiles()
afterAll(() => files[Symbol.asyncDispose]())

register({ ...files.oneProcess(), rounds: 20 }, { describe, it })
