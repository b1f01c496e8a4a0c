import { defineConfig } from 'vitest/config'

// `unit` needs no store and no network; `services` starts real ones. Both run from source.
const source = { ssr: { resolve: { conditions: ['@arpeggio/source', 'node', 'module', 'default'] } } }

export default defineConfig({
  test: {
    // Also on two cores two at a time: much of the work is done by stores, and by waiting for them.
    maxWorkers: '100%',
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
        },
      },
    ],
  },
})
