import { spawnSync } from 'node:child_process'

// Every check of the project, in the order in which a failure is cheapest to find.
const steps = ['format:check', 'lint', 'types', 'unused']
for (const step of steps) {
  const { status } = spawnSync('npx', ['-y', 'pnpm@12.21.0', 'run', step], { stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}
process.exit(spawnSync('vitest', ['run'], { stdio: 'inherit' }).status ?? 1)
