import type { Finding } from '@arpeggio/core'
import { textOf } from './client.ts'
import type { Connection } from './connection.ts'

/** What a server's own report says that would lose results. */
export async function findings(connection: Connection): Promise<readonly Finding[]> {
  const info = textOf(await connection.run('info', []))
  const found: Finding[] = []
  const policy = field(info, 'maxmemory_policy')
  if (field(info, 'maxmemory') !== '0' && policy.startsWith('allkeys-')) {
    found.push({
      problem: `maxmemory-policy is ${policy}: Redis removes results and the bookkeeping of chords when its memory is full`,
      remedy: 'CONFIG SET maxmemory-policy noeviction',
    })
  }
  if (field(info, 'role') === 'slave') {
    found.push({
      problem: 'the server is a replica, which takes no writes',
      remedy: 'name the master, or the sentinels',
    })
  }
  return found
}

function field(info: string, name: string): string {
  return new RegExp(`^${name}:(.*?)\\r?$`, 'mu').exec(info)?.[1] ?? ''
}
