import { writeFileSync } from 'node:fs'
import { Broker, BROKER_VARIABLE } from './broker.ts'

/** Vitest calls this before the tests of a run; the tests reach the broker through an environment variable. */
export async function setup(): Promise<() => Promise<void>> {
  // Google's clients ask the network whether they run in its cloud, unless told.
  process.env['METADATA_SERVER_DETECTION'] ??= 'none'
  const broker = await Broker.listen()
  process.env[BROKER_VARIABLE] = broker.url
  return async () => {
    Reflect.deleteProperty(process.env, BROKER_VARIABLE)
    await broker[Symbol.asyncDispose]()
    report(broker.summary)
  }
}

/** Into the file that `npm test` shows at its end, or to the terminal of who runs vitest alone. */
function report(lines: readonly string[]): void {
  const file = process.env['TEST_SERVICES_REPORT']
  if (file === undefined) console.log(lines.map((line) => `[services] ${line}`).join('\n'))
  else writeFileSync(file, lines.map((line) => `  ${line}\n`).join(''))
}
