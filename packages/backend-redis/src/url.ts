import { misconfigured } from './errors.ts'
import type { ConnectionSettings, HostOptions, SentinelAddress, SocketOptions } from './options.ts'
import { querySettings } from './url-query.ts'
import { tlsOf } from './url-tls.ts'

/** What Celery reads from one address. */
interface Parts {
  readonly scheme: string
  readonly username: string | undefined
  readonly password: string | undefined
  readonly host: string | undefined
  readonly port: number | undefined
  readonly path: string
  readonly query: ReadonlyMap<string, string>
}

const shape =
  /^(?<scheme>[a-z][a-z0-9+]*):\/\/(?:(?<access>[^/?#]*)@)?(?<host>\[[^\]]*\]|[^:/?#]*)(?::(?<port>[^/?#]*))?(?<path>\/[^?#]*)?(?:\?(?<query>.*))?$/iu

export function isUrl(text: string): boolean {
  return text.includes('://')
}

/** The settings of an address, over those given beside it, by Celery's rules. */
export function urlSettings(url: string, settings: ConnectionSettings): HostOptions | SocketOptions {
  const scheme = /^[^:]*/u.exec(url)?.[0].toLowerCase()
  const rest = withoutPlace(settings)
  switch (scheme) {
    case 'redis':
    case 'rediss':
      return serverOf(parse(url), rest)
    case 'redis+socket':
    case 'socket':
      return socketOf(parse(url), rest)
    case 'sentinel':
      return sentinelsOf(url, rest)
    default:
      throw misconfigured(
        `Not an address of Redis: ${scheme}://; known are redis, rediss, redis+socket, socket and sentinel`,
      )
  }
}

/** Says more than the settings only where it says something, but for the database: none means 0. */
function serverOf(parts: Parts, settings: ConnectionSettings): HostOptions {
  const isSecure = parts.scheme === 'rediss'
  const tls = tlsOf(isSecure, parts.query, settings.tls)
  const { host = 'localhost', port = settings.port ?? 6379 } = parts
  const { tls: _unused, ...rest } = settings
  return {
    ...rest,
    ...accessOf(parts),
    host,
    port,
    db: databaseOf(parts.path),
    ...(tls && { tls }),
    ...querySettings(parts.query),
  }
}

function socketOf(
  parts: Parts,
  { port: _port, tls, connectTimeoutMs: _timeout, ...settings }: ConnectionSettings,
): SocketOptions {
  if (tls !== undefined) throw misconfigured('A Unix socket has no TLS')
  const path = `/${[parts.host, parts.path.replace(/^\//u, '')].filter((part) => part !== undefined).join('/')}`
  if (path === '/') throw misconfigured('A socket address names its file: redis+socket:///run/redis.sock')
  const database = parts.query.get('virtual_host')
  const db = database === undefined ? (settings.db ?? 0) : databaseOf(database)
  return { ...settings, ...accessOf(parts), path, db, ...querySettings(parts.query) }
}

/** One address for each sentinel, separated by `;`. Database and password of the master are those of the first. */
function sentinelsOf(url: string, settings: ConnectionSettings): HostOptions {
  const all = url
    .split(';')
    .filter((part) => part !== '')
    .map((part) => {
      const parts = parse(part)
      if (parts.scheme !== 'sentinel') throw misconfigured('Each part of a sentinel address begins with sentinel://')
      return parts
    })
  const [first] = all
  if (first === undefined) throw misconfigured('A sentinel address names at least one sentinel')
  const sentinels = all.map(({ host = 'localhost', port = 26_379 }): SentinelAddress => ({ host, port }))
  const masterName = first.query.get('master_name') ?? settings.masterName
  return { ...settings, ...accessOf(first), sentinels, db: databaseOf(first.path), ...(masterName && { masterName }) }
}

function withoutPlace(
  settings: ConnectionSettings & {
    readonly url?: unknown
    readonly host?: unknown
    readonly path?: unknown
    readonly sentinels?: unknown
    readonly client?: unknown
  },
): ConnectionSettings {
  const { url: _url, host: _host, path: _path, sentinels: _sentinels, client: _client, ...rest } = settings
  return rest
}

function parse(url: string): Parts {
  const found = shape.exec(url)?.groups
  if (found === undefined) throw misconfigured(`Not an address of Redis: ${withoutAccess(url)}`)
  const { scheme = '', access, host = '', port = '', path, query } = found
  if (/[,;]/u.test(host + port)) {
    throw misconfigured(
      'One address is one server: pass a Cluster as client, or use sentinel:// with parts separated by ;',
    )
  }
  const [username, password] = accessParts(access)
  return {
    scheme: scheme.toLowerCase(),
    username: decoded(username),
    password: decoded(password),
    host: decoded(host.replaceAll(/^\[|\]$/gu, ''))?.toLowerCase(),
    port: portOf(port),
    path: decoded(path) ?? '',
    query: lastOfEach(query),
  }
}

function accessParts(access: string | undefined): readonly [string | undefined, string | undefined] {
  if (access === undefined) return [undefined, undefined]
  const colon = access.indexOf(':')
  return colon < 0 ? [access, undefined] : [access.slice(0, colon), access.slice(colon + 1)]
}

function portOf(text: string): number | undefined {
  if (text === '') return undefined
  const port = Number(text)
  if (/^\d+$/u.test(text) && port <= 65_535) return port
  throw misconfigured(`Not a port: ${text}`)
}

function databaseOf(text: string): number {
  const digits = text.replaceAll(/^\/+|\/+$/gu, '')
  if (/^\d*$/u.test(digits)) return Number(digits)
  throw misconfigured(`The database of a Redis address is a number, not ${digits}`)
}

function accessOf({ username, password }: Parts): { readonly username?: string; readonly password?: string } {
  return { ...(username !== undefined && { username }), ...(password !== undefined && { password }) }
}

function lastOfEach(query: string | undefined): ReadonlyMap<string, string> {
  return new Map(new URLSearchParams(query ?? ''))
}

function decoded(text: string | undefined): string | undefined {
  if (text === undefined || text === '') return undefined
  try {
    return decodeURIComponent(text)
  } catch (error) {
    throw misconfigured('The address has a % that is no percent-encoding', error)
  }
}

/** For messages. */
function withoutAccess(url: string): string {
  return url.replace(/\/\/[^/]*@/u, '//')
}
