import { isCluster, type NodeOptions, type RedisClient } from './client.ts'

const masked = '**'

/** The address of a client, as Celery would write it. */
export function addressOf(client: RedisClient, includePassword = false): string {
  if (!isCluster(client)) return addressOfOptions(client.options, includePassword)
  const [node] = client.nodes('all')
  return node === undefined ? 'redis://cluster' : addressOfOptions({ ...node.options, db: 0 }, includePassword)
}

function addressOfOptions(options: NodeOptions, includePassword: boolean): string {
  const { path, db = 0, sentinels } = options
  const access = accessOf(options, includePassword)
  if (isGiven(path)) return `redis+socket://${access}${path}${db === 0 ? '' : `?virtual_host=${db}`}`
  if (isGiven(sentinels)) return sentinels.map((each) => `sentinel://${access}${placeOf(each, 26_379)}/${db}`).join(';')
  return `${isGiven(options.tls) ? 'rediss' : 'redis'}://${access}${placeOf(options, 6379)}/${db}`
}

interface Place {
  readonly host?: string | undefined
  readonly port?: number | undefined
}

function placeOf({ host = 'localhost', port }: Place, usualPort: number): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port ?? usualPort}`
}

function accessOf({ username, password }: NodeOptions, includePassword: boolean): string {
  const user = encodeURIComponent(username ?? '')
  if (!isGiven(password)) return user === '' ? '' : `${user}@`
  return `${user}:${includePassword ? encodeURIComponent(password) : masked}@`
}

/** ioredis has several ways to say that there is none. */
function isGiven<Setting>(setting: Setting | null | undefined): setting is Setting {
  return setting !== undefined && setting !== null && setting !== ''
}
