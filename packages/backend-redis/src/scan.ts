import type { ScanPage } from '@arpeggio/core'
import {
  type Argument,
  commandsOf,
  isCluster,
  listOf,
  type RedisClient,
  type RedisNodeClient,
  type Reply,
  textOf,
} from './client.ts'
import type { Connection } from './connection.ts'

/** How many keys the server looks at for one SCAN: a rare prefix shall not cost a trip for each key of others. */
const looksPerTrip = 1000

/** Where a scan goes on: at a master of the cluster, by its number, and at that server's own cursor. */
interface Place {
  readonly node: number
  readonly cursor: string
}

/** One page of keys. Redis says how many it looked at, not how many it found, so a page may hold fewer or more than asked. */
export async function scanPage(
  connection: Connection,
  prefix: string,
  { limit = looksPerTrip, cursor = '0/0' }: { readonly limit?: number; readonly cursor?: string },
): Promise<ScanPage> {
  const masters = mastersOf(connection.client)
  const place = placeOf(cursor)
  const args = [place.cursor, 'MATCH', `${escaped(prefix)}*`, 'COUNT', Math.max(limit, looksPerTrip)]
  const [next, keys] = await scan(connection, masters[place.node], args)
  return pageOf(listOf(keys).map(textOf), nextPlace(place, textOf(next), masters.length))
}

async function scan(
  connection: Connection,
  master: RedisNodeClient | undefined,
  args: readonly Argument[],
): Promise<readonly Reply[]> {
  return listOf(await (master === undefined ? connection.run('scan', args) : commandsOf(master)('scan', args)))
}

function mastersOf(client: RedisClient): readonly RedisNodeClient[] {
  if (!isCluster(client)) return []
  return client.nodes('master').toSorted((a, b) => addressIn(a).localeCompare(addressIn(b)))
}

function placeOf(text: string): Place {
  const [node = '0', cursor = '0'] = text.split('/')
  return { node: Number(node), cursor }
}

function nextPlace({ node }: Place, cursor: string, masters: number): Place | undefined {
  if (cursor !== '0') return { node, cursor }
  return node + 1 < masters ? { node: node + 1, cursor } : undefined
}

function pageOf(keys: readonly string[], next: Place | undefined): ScanPage {
  return next === undefined ? { keys } : { keys, cursor: `${next.node}/${next.cursor}` }
}

function addressIn({ options: { host, port } }: RedisNodeClient): string {
  return `${host}:${port}`
}

/** Takes the meaning from the letters that SCAN's patterns use. */
function escaped(prefix: string): string {
  return prefix.replaceAll(/[\\*?[\]]/gu, String.raw`\$&`)
}
