import { engineAnswers } from './container-engine.ts'
import { startContainer } from './start-container.ts'
import { startProcess } from './start-process.ts'
import { environmentName, ServiceMissing, type Mode, type Service, type ServiceName } from './service.ts'

/** Starts a service: at the URL in the environment if one is set, else in a container, else as a process. */
export async function startService(name: ServiceName, mode?: Mode): Promise<Service> {
  const url = process.env[`TEST_${environmentName(name)}_URL`]
  if (mode === undefined && url !== undefined && url !== '') {
    return { url, via: 'env', detail: url, [Symbol.asyncDispose]: () => Promise.resolve() }
  }
  const wanted = mode ?? modeOfEnvironment() ?? (await modeOfMachine())
  return wanted === 'container' ? startContainer(name) : startProcess(name)
}

function modeOfEnvironment(): Mode | undefined {
  const mode = process.env['TEST_SERVICES']
  if (mode === undefined || mode === '') return undefined
  if (mode !== 'container' && mode !== 'process')
    throw new TypeError(`TEST_SERVICES is container or process, not ${mode}`)
  return mode
}

/** In CI a missing engine is a mistake to be seen, not a reason to test something else. */
async function modeOfMachine(): Promise<Mode> {
  if (await engineAnswers()) return 'container'
  if (process.env['CI'] === 'true') throw new ServiceMissing('CI=true, and no container engine answers')
  return 'process'
}
