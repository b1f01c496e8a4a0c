import { connect } from 'node:net'

/** Sends one inline command to a Redis server and gives the first bytes of its answer: enough to see how a server is doing. */
export function redisTalk(port: number, line: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(`${line}\r\n`))
    socket.setTimeout(1000, () => socket.destroy(new Error('no answer within a second')))
    socket.once('data', (chunk: Buffer) => {
      resolve(chunk.toString('utf8'))
      socket.destroy()
    })
    socket.once('error', reject)
    socket.once('close', () => reject(new Error('closed without an answer')))
  })
}

/** Whether the server answers PING. */
export async function redisAnswers(port: number): Promise<boolean> {
  return (await redisTalk(port, 'PING')).startsWith('+PONG')
}
