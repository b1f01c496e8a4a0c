import { registerHooks } from 'node:module'
import { edited, type Mutant } from './mutant.ts'

/** From here on this thread loads core with the bug. Nothing of core may be loaded before. */
export function plant({ edits }: Mutant): void {
  registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context)
      const own = edits.filter(({ file }) => url.endsWith(`/core/src/${file}`))
      if (own.length === 0) return loaded
      const source =
        typeof loaded.source === 'string' ? loaded.source : Buffer.from(loaded.source as Uint8Array).toString() // text
      return { ...loaded, source: own.reduce(edited, source) }
    },
  })
}
