import { fileURLToPath } from 'node:url'

/** Processes that are started after this compile the sources once, and not each for itself. */
export function keepCompiled(): void {
  process.env['NODE_COMPILE_CACHE'] ??= fileURLToPath(new URL('../node_modules/.cache/compiled', import.meta.url))
}
