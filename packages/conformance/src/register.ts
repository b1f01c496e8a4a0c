import { cases } from './cases.ts'
import type { Case } from './case.ts'
import type { Harness } from './harness.ts'
import { checkAbilities, reasonToSkip, runCase } from './run-case.ts'

/** What a test gets from its runner: vitest's and node:test's contexts both fit. */
export interface SkipContext {
  skip(reason?: string): void
}

/** The two functions of a runner. */
export interface Runner {
  readonly describe: (name: string, body: () => void) => unknown
  readonly it: (name: string, body: (context: SkipContext) => Promise<void>) => unknown
}

/** Declares a test per case. A case that says nothing about the store is skipped with its reason, never passed. */
export function register(harness: Harness, runner: Runner, selection: readonly Case[] = cases): void {
  runner.describe(`${harness.name} conforms`, () => {
    runner.it('lacks exactly the abilities that its harness names', () => checkAbilities(harness))
    for (const [chapter, members] of Map.groupBy(selection, (member) => member.chapter)) {
      runner.describe(chapter, () => {
        for (const member of members) runner.it(member.name, (context) => runOrSkip(harness, member, context))
      })
    }
  })
}

async function runOrSkip(harness: Harness, member: Case, context: SkipContext): Promise<void> {
  const reason = reasonToSkip(harness, member)
  if (reason === undefined) await runCase(harness, member)
  else context.skip(reason)
}
