import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import { Command, InvalidArgumentError } from 'commander'

export interface Options {
  readonly root: string
  readonly backend: string
  readonly concurrency: number
  readonly logRuns?: string
}

const DEFAULT_BACKEND = 'sqlite://./.arpeggio/index-folder.db'

/** Reads the command line. Ends the process with code 2 and a message when it asks for what cannot be. */
export function readOptions(argv: readonly string[]): Options {
  const command = new Command('npm start --')
    .description(
      'Indexes a folder: one task per file, joined into a table. Started again, it runs only what is missing.',
    )
    .argument('[folder]', 'the folder', '.')
    .option('--backend <url>', 'where results are kept: sqlite, redis, elasticsearch, gs or memory', DEFAULT_BACKEND)
    .option('--concurrency <n>', 'how many files are read at a time', positive, 8)
    .option('--log-runs <file>', 'append a line for every run that begins and every result that is stored')
    .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
    .parse(argv)
  const root = resolve(command.args[0] ?? '.')
  if (statSync(root, { throwIfNoEntry: false })?.isDirectory() !== true) command.error(`error: ${root} is not a folder`)
  return { root, ...command.opts<Omit<Options, 'root'>>() }
}

function positive(text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new InvalidArgumentError('It must be a whole number above 0.')
  return Number(text)
}
