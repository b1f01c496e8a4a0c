import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { basename, dirname, join } from 'node:path'

const running = new Map<string, Promise<string>>()

/** The folder that keeps what was fetched or built for later runs. */
function cacheFolder(): string {
  const folder = process.env['TEST_CACHE_DIR'] ?? join(userCache(), 'arpeggio-testing')
  mkdirSync(folder, { recursive: true })
  return folder
}

/**
 * Gives the path of an entry in the cache folder, made by `fill` if it is missing. `fill` gets an empty folder and
 * gives the path inside it that becomes the entry. Whole entries appear at once, so that an interrupted download or
 * another test run beside this one never leaves half of one.
 */
export function cached(name: string, fill: (folder: string) => Promise<string>): Promise<string> {
  const entry = join(cacheFolder(), name)
  const known = running.get(entry)
  if (known !== undefined) return known
  const made = make(entry, fill)
  running.set(entry, made)
  made.catch(() => running.delete(entry))
  return made
}

async function make(entry: string, fill: (folder: string) => Promise<string>): Promise<string> {
  if (existsSync(entry)) return entry
  const folder = mkdtempSync(join(dirname(entry), `.${basename(entry)}-`))
  try {
    const filled = await fill(folder)
    // Another run may have been faster: then its entry is as good as ours.
    if (!existsSync(entry)) renameSync(filled, entry)
    return entry
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function userCache(): string {
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Caches')
  return process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache')
}
