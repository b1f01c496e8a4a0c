import type { Reporter, TestCase } from 'vitest/node'

/** Names the tests that failed and then passed: to be looked at, though they stop nothing. */
export class SecondAttempts implements Reporter {
  readonly #names: string[] = []

  onTestCaseResult(test: TestCase): void {
    if (test.diagnostic()?.flaky === true) this.#names.push(test.fullName)
  }

  onTestRunEnd(): void {
    for (const name of this.#names) console.log(`passed at the second attempt: ${name}`)
  }
}
