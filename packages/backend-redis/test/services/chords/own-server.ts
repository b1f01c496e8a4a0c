import { redis } from '@arpeggio/testing'
import { afterAll } from 'vitest'
import { CeleryPeer } from './celery-peer.ts'

/** The address of a server for one test file: whoever looks at all chords, or gives them back, shall find none of other tests. */
export async function ownServer(): Promise<string> {
  const server = await redis({ own: true })
  afterAll(() => server[Symbol.asyncDispose]())
  return server.url
}

/** Celery beside the tests of one file, ended before the server. */
export async function celeryAt(url: string): Promise<CeleryPeer> {
  const peer = await CeleryPeer.start(url)
  afterAll(() => peer[Symbol.asyncDispose]())
  return peer
}
