import { type CeleryVersion, orSkip, type SkipContext } from '@arpeggio/testing'
import { cases } from './cases.ts'
import type { InteropCase } from './interop-case.ts'
import { Matrix } from './matrix.ts'
import type { StoreRow } from './store-row.ts'

/** The part of a test runner that is used. */
export interface Runner {
  readonly describe: (name: string, body: () => void) => void
  readonly it: (name: string, body: (context: SkipContext) => Promise<void>) => void
  readonly afterAll: (body: () => Promise<void>) => void
}

/** Makes a test of every case, for one store and one version of Celery. */
export function registerMatrix(row: StoreRow, version: CeleryVersion, { describe, it, afterAll }: Runner): void {
  const title = `${row.name} with Celery ${version}`
  const passed = new Map<string, number>()
  let started: Promise<Matrix> | undefined
  describe(title, () => {
    for (const interopCase of [...cases, ...row.chords]) {
      it(`${interopCase.direction}: ${interopCase.name}`, async (context) => {
        const reason = reasonToSkip(row, version, interopCase)
        if (reason !== undefined) context.skip(reason)
        started ??= Matrix.start(row, version)
        const matrix = await orSkip(started, context)
        await matrix.run(interopCase)
        const kind = row.chords.includes(interopCase) ? 'mixed chords' : interopCase.direction
        passed.set(kind, (passed.get(kind) ?? 0) + 1)
      })
    }
    afterAll(async () => {
      const matrix = await started?.catch(() => undefined)
      await matrix?.[Symbol.asyncDispose]()
      process.stdout.write(`${title}: ${[...passed].map(([kind, count]) => `${count} ${kind}`).join(', ')}\n`)
    })
  })
}

function reasonToSkip(row: StoreRow, version: CeleryVersion, { needs, celery }: InteropCase): string | undefined {
  if (celery?.(version) === false) return `Celery ${version} does not do that`
  return needs.map((need) => row.lacks[need]).find((reason) => reason !== undefined)
}
