import { readFileSync } from 'node:fs'
import type { ConnectionOptions } from 'node:tls'
import { misconfigured } from './errors.ts'

const names = ['ssl_ca_certs', 'ssl_certfile', 'ssl_keyfile', 'ssl_cert_reqs'] as const

/** Case counts, as in Celery. */
const requirements: ReadonlyMap<string, 'required' | 'optional' | 'none'> = new Map([
  ['CERT_REQUIRED', 'required'],
  ['required', 'required'],
  ['CERT_OPTIONAL', 'optional'],
  ['optional', 'optional'],
  ['CERT_NONE', 'none'],
  ['none', 'none'],
])

/** The TLS options of an address. Whether certificates are checked must be said, in the address or by the setting. */
export function tlsOf(
  isSecure: boolean,
  query: ReadonlyMap<string, string>,
  setting: ConnectionOptions | undefined,
): ConnectionOptions | undefined {
  if (!isSecure) return refuseInsecure(query, setting)
  const requirement = requirementOf(query.get('ssl_cert_reqs'), setting !== undefined)
  return {
    ...setting,
    // Python, too, checks a server's certificate when that is optional.
    ...(requirement !== undefined && { rejectUnauthorized: requirement !== 'none' }),
    ...fileOf('ca', query.get('ssl_ca_certs')),
    ...fileOf('cert', query.get('ssl_certfile')),
    ...fileOf('key', query.get('ssl_keyfile')),
    ...(query.get('ssl_check_hostname')?.toLowerCase() === 'false' && { checkServerIdentity: () => undefined }),
  }
}

function requirementOf(asked: string | undefined, hasSetting: boolean): 'required' | 'optional' | 'none' | undefined {
  const requirement = asked === undefined ? undefined : requirements.get(decodeURIComponent(asked))
  if (requirement === undefined && (asked !== undefined || !hasSetting)) {
    throw misconfigured('A rediss:// address needs ?ssl_cert_reqs=required (or optional, or none), or the setting tls')
  }
  if (requirement === 'optional' || requirement === 'none') warn(requirement)
  return requirement
}

function refuseInsecure(query: ReadonlyMap<string, string>, setting: ConnectionOptions | undefined): undefined {
  const found = names.find((name) => query.has(name))
  if (found !== undefined) throw misconfigured(`${found} is for rediss:// addresses, and this one is redis://`)
  if (setting !== undefined) throw misconfigured('The setting tls is for rediss:// addresses, and this one is redis://')
  return undefined
}

function fileOf(option: 'ca' | 'cert' | 'key', path: string | undefined): ConnectionOptions {
  if (path === undefined) return {}
  try {
    return { [option]: readFileSync(decodeURIComponent(path)) }
  } catch (error) {
    throw misconfigured(`The TLS file ${path} cannot be read`, error)
  }
}

function warn(requirement: string): void {
  process.emitWarning(`ssl_cert_reqs=${requirement} in the address of Redis: anything but required is a risk`, {
    code: 'ARPEGGIO_REDIS_TLS',
  })
}
