import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Extractor, ExtractorConfig, ExtractorLogLevel } from '@microsoft/api-extractor'
import { ROOT } from './workspace.ts'

// Api-extractor brings a TypeScript of its own, which reads the declarations that ours has made.
const COMPILER = {
  compilerOptions: {
    target: 'ES2023',
    lib: ['ES2024', 'ESNext.Disposable'],
    module: 'NodeNext',
    moduleResolution: 'NodeNext',
    strict: true,
    types: ['node'],
    typeRoots: [join(ROOT, 'node_modules/@types')],
  },
}

/** The public surface of a built package, as text. Its paths are those of `destination`, which must exist. */
export function apiReport(folder: string, destination: string): string {
  const reportFile = join(destination, 'api.api.md')
  const config = ExtractorConfig.prepare({
    configObjectFullPath: undefined,
    packageJsonFullPath: join(folder, 'package.json'),
    configObject: {
      projectFolder: folder,
      mainEntryPointFilePath: join(folder, 'dist/index.d.ts'),
      compiler: { overrideTsconfig: { ...COMPILER, files: [join(folder, 'dist/index.d.ts')] } },
      apiReport: {
        enabled: true,
        reportFileName: 'api',
        reportFolder: destination,
        reportTempFolder: join(destination, 'temp'),
      },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      messages: { extractorMessageReporting: { default: { logLevel: ExtractorLogLevel.None } } },
    },
  })
  const { succeeded } = Extractor.invoke(config, {
    localBuild: true,
    messageCallback: (message) => void (message.handled = true),
  })
  if (!succeeded) throw new Error(`api-extractor could not read ${folder}`)
  return readFileSync(reportFile, 'utf8')
}
