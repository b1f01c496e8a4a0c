import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Redis } from 'ioredis'
import { faultProxy, orSkip, redis, type FaultProxy } from '@arpeggio/testing'

let echo: Server
let proxy: FaultProxy

beforeEach(async () => {
  echo = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.pipe(socket)
  })
  await once(echo.listen(0, '127.0.0.1'), 'listening')
  proxy = await faultProxy(`127.0.0.1:${(echo.address() as AddressInfo).port}`)
})

afterEach(async () => {
  await proxy[Symbol.asyncDispose]()
  await new Promise((resolve) => echo.close(resolve))
})

describe('the fault proxy', () => {
  it('passes everything on while it is healthy', async () => {
    await expect(talk('hello')).resolves.toEqual({ text: 'hello', end: 'whole' })
  })

  it('refuses connections, and accepts them again on the same port when it is healed', async () => {
    const { url } = proxy
    await proxy.refuse()
    await expect(talk('hello')).resolves.toEqual({ text: '', end: 'ECONNREFUSED' })
    await proxy.heal()
    expect(proxy.url).toBe(url)
    await expect(talk('hello')).resolves.toEqual({ text: 'hello', end: 'whole' })
  })

  it('resets what is open and lets new connections pass', async () => {
    const socket = await open()
    const error = once(socket, 'error')
    socket.write('a')
    await once(socket, 'data')
    proxy.reset()
    await expect(error).resolves.toMatchObject([{ code: 'ECONNRESET' }])
    expect(proxy.connections).toBe(0)
    await expect(talk('hello')).resolves.toEqual({ text: 'hello', end: 'whole' })
  })

  it('swallows everything as a blackhole until it is healed', async () => {
    proxy.blackhole()
    const socket = await open()
    const error = once(socket, 'error')
    const silence = Symbol('silence')
    const quiet = new Promise((resolve) => setTimeout(resolve, 100, silence))
    socket.write('hello')
    await expect(Promise.race([once(socket, 'data'), quiet])).resolves.toBe(silence)
    await proxy.heal()
    await expect(error).resolves.toMatchObject([{ code: 'ECONNRESET' }])
    await expect(talk('hello')).resolves.toEqual({ text: 'hello', end: 'whole' })
  })

  it('delays each direction by the latency', async () => {
    proxy.latency(60)
    const began = performance.now()
    await expect(talk('hello')).resolves.toEqual({ text: 'hello', end: 'whole' })
    expect(performance.now() - began).toBeGreaterThanOrEqual(118)
  })

  it('cuts after exactly that many bytes to the client', async () => {
    proxy.cutAfter({ toClient: 3 })
    await expect(talk('hello')).resolves.toMatchObject({ text: 'hel' })
    await expect(talk('hello')).resolves.toEqual({ text: 'hello', end: 'whole' })
  })

  it('cuts after exactly that many bytes to the server', async () => {
    const heard = new Promise<string>((resolve) => {
      echo.once('connection', (socket: Socket) => {
        let text = ''
        socket.on('data', (chunk: Buffer) => (text += chunk.toString('utf8')))
        socket.on('close', () => resolve(text))
      })
    })
    proxy.cutAfter({ toServer: 2 })
    await talk('hello')
    await expect(heard).resolves.toBe('he')
  })

  it('keeps scheme, password and database of the URL before which it stands', async () => {
    await using before = await faultProxy('redis://:secret@127.0.0.1:1/7')
    expect(before.url).toMatch(/^redis:\/\/:secret@127\.0\.0\.1:\d+\/7$/)
  })

  it('breaks and heals the connection of a real client', async (context) => {
    const store = await orSkip(redis(), context)
    await using before = await faultProxy(store.url)
    const client = new Redis(before.url, { maxRetriesPerRequest: 1, retryStrategy: () => 20 })
    client.on('error', () => undefined)
    try {
      await client.set('behind a proxy', '1')
      await before.refuse()
      await expect(client.get('behind a proxy')).rejects.toThrow(/max retries|closed/i)
      await before.heal()
      await expect(client.getdel('behind a proxy')).resolves.toBe('1')
    } finally {
      client.disconnect()
    }
  })
})

async function open(): Promise<Socket> {
  const [host, port] = proxy.url.split(':')
  const socket = connect(Number(port), host)
  await once(socket, 'connect')
  return socket
}

/** Says something through the proxy and hears the echo out: to its whole length, or to the end of the connection. */
function talk(text: string): Promise<{ readonly text: string; readonly end: string }> {
  const [host, port] = proxy.url.split(':')
  return new Promise((resolve) => {
    let heard = ''
    const socket = connect(Number(port), host, () => socket.write(text))
    const end = (end: string): void => {
      resolve({ text: heard, end })
      socket.destroy()
    }
    socket.on('data', (chunk: Buffer) => {
      heard += chunk.toString('utf8')
      if (heard.length === text.length) end('whole')
    })
    socket.on('error', (error: NodeJS.ErrnoException) => end(error.code ?? error.message))
    socket.on('close', () => end('closed'))
  })
}
