import type { Publish, Script } from '../scripts.ts'
import type { Layout } from './layout.ts'
import { lookScripts, type LookScripts } from './look-script.ts'
import { partScript } from './part-script.ts'
import { writeScripts, type WriteScripts } from './write-script.ts'

/** The scripts of a ledger that depend on how parts are kept. */
export interface LedgerScripts extends LookScripts, WriteScripts {
  readonly part: Script
}

export function ledgerScripts(publish: Publish, layout: Layout): LedgerScripts {
  return { ...lookScripts(layout), ...writeScripts(layout), part: partScript(publish, layout) }
}
