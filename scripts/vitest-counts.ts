import { readFileSync } from 'node:fs'

export interface Counts {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

/** Reads what vitest's JSON reporter wrote. A run that ended badly counts at least one failure, whatever the file says. */
export function countVitest(file: string, ok: boolean): Counts {
  const report = read(file)
  const passed = numberAt(report, 'numPassedTests')
  const failed = numberAt(report, 'numFailedTests') + brokenFiles(report)
  const skipped = numberAt(report, 'numPendingTests') + numberAt(report, 'numTodoTests')
  return { passed, failed: ok ? failed : Math.max(failed, 1), skipped }
}

/** Test files that failed before they had a test, so that no test of theirs is counted. */
function brokenFiles(report: Readonly<Record<string, unknown>>): number {
  const files: unknown = report['testResults']
  if (!Array.isArray(files)) return 0
  return files.filter((file: unknown) => {
    if (!isRecord(file) || file['status'] !== 'failed') return false
    const tests: unknown = file['assertionResults']
    return !Array.isArray(tests) || !tests.some((test: unknown) => isRecord(test) && test['status'] === 'failed')
  }).length
}

function read(file: string): Readonly<Record<string, unknown>> {
  try {
    const report: unknown = JSON.parse(readFileSync(file, 'utf8'))
    return isRecord(report) ? report : {}
  } catch {
    return {}
  }
}

function numberAt(report: Readonly<Record<string, unknown>>, key: string): number {
  const value = report[key]
  return typeof value === 'number' ? value : 0
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}
