import { readFileSync } from 'node:fs'

type Fields = Readonly<Record<string, unknown>>

export interface Counts {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
  /** What failed, by name, each with the first line of why. */
  readonly failures: readonly string[]
}

/** Reads what vitest's JSON reporter wrote. A run that ended badly counts at least one failure, whatever the file says. */
export function countVitest(file: string, ok: boolean): Counts {
  const report = read(file)
  const passed = numberAt(report, 'numPassedTests')
  const skipped = numberAt(report, 'numPendingTests') + numberAt(report, 'numTodoTests')
  const failures = listAt(report, 'testResults').flatMap(failuresOf)
  if (!ok && failures.length === 0) failures.push(`${file}: the run ended badly, with no test to blame`)
  return { passed, failed: failures.length, skipped, failures }
}

/** The tests of a file that failed, or the file itself where it failed before it had a test. */
function failuresOf(file: Fields): readonly string[] {
  if (file['status'] !== 'failed') return []
  const tests = listAt(file, 'assertionResults').filter(({ status }) => status === 'failed')
  if (tests.length === 0) return [`${textAt(file, 'name')}: ${firstLine(textAt(file, 'message'))}`]
  return tests.map((test) => {
    const [why] = Array.isArray(test['failureMessages']) ? test['failureMessages'] : []
    return `${textAt(test, 'fullName')}: ${firstLine(String(why))}`
  })
}

function read(file: string): Fields {
  try {
    const report: unknown = JSON.parse(readFileSync(file, 'utf8'))
    return isRecord(report) ? report : {}
  } catch {
    return {}
  }
}

function numberAt(report: Fields, key: string): number {
  const value = report[key]
  return typeof value === 'number' ? value : 0
}

function listAt(fields: Fields, key: string): readonly Fields[] {
  const value = fields[key]
  return Array.isArray(value) ? value.filter(isRecord) : []
}

function textAt(fields: Fields, key: string): string {
  const value = fields[key]
  return typeof value === 'string' ? value : ''
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? ''
}

function isRecord(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null
}
