import { defineConfig } from 'vitest/config'
import { SecondAttempts } from './scripts/second-attempts.ts'

// `unit` needs no store and no network; `services` starts real ones. Both run from source.
const source = { ssr: { resolve: { conditions: ['@arpeggio/source', 'node', 'module', 'default'] } } }

/** Where `npm test` reads what became of each test. */
const report = process.env['TEST_REPORT']
const reports: ['json', { outputFile: string }][] = report === undefined ? [] : [['json', { outputFile: report }]]

export default defineConfig({
  test: {
    // Also on two cores two at a time: much of the work is done by stores, and by waiting for them.
    maxWorkers: '100%',
    reporters: ['default', new SecondAttempts(), ...reports],
    projects: [
      {
        ...source,
        test: {
          name: 'unit',
          include: ['packages/*/test/**/*.test.ts'],
          exclude: ['packages/testing/**', '**/test/services/**', '**/node_modules/**'],
          testTimeout: 60_000,
        },
      },
      {
        ...source,
        test: {
          name: 'services',
          include: ['packages/testing/test/**/*.test.ts', 'packages/*/test/services/**/*.test.ts'],
          globalSetup: ['packages/testing/src/global-setup.ts'],
          testTimeout: 300_000,
          hookTimeout: 300_000,
          // Real servers that are killed and cut off on a busy machine. A second attempt is named at the end of the run.
          retry: process.env['CI'] === 'true' ? 1 : 0,
        },
      },
    ],
  },
})
