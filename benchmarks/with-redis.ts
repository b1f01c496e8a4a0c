import { Redis } from 'ioredis'

/** Does something with a connection of its own. */
export async function withRedis<Answer>(url: string, work: (client: Redis) => Promise<Answer>): Promise<Answer> {
  const client = new Redis(url)
  try {
    return await work(client)
  } finally {
    client.disconnect()
  }
}
