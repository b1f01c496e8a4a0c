import { misconfigured } from './errors.ts'
import type { ConnectionSettings } from './options.ts'

type Settings = { -readonly [Name in keyof ConnectionSettings]: ConnectionSettings[Name] }

const milliseconds = (text: string): number => Math.round(number(text) * 1000)

/** The words of redis-py in an address that mean something here. They win over everything else. */
const known: Readonly<Record<string, (settings: Settings, text: string) => void>> = {
  db: (settings, text) => (settings.db = whole(text)),
  username: (settings, text) => (settings.username = text),
  password: (settings, text) => (settings.password = text),
  socket_timeout: (settings, text) => (settings.socketTimeoutMs = milliseconds(text)),
  socket_connect_timeout: (settings, text) => (settings.connectTimeoutMs = milliseconds(text)),
  socket_keepalive: (settings, text) => {
    if (truth(text)) settings.keepAliveMs = 0
  },
  max_connections: (settings, text) => (settings.maxConnections = whole(text)),
  health_check_interval: (settings, text) => {
    if (number(text) > 0) settings.heartbeatMs = milliseconds(text)
  },
  client_name: (settings, text) => (settings.clientName = text),
  protocol: (settings, text) => {
    const version = whole(text)
    if (version !== 2 && version !== 3) throw misconfigured(`protocol is 2 or 3, not ${text}`)
    settings.protocol = version
  },
}

/** Read elsewhere, or without a meaning for this client: ioredis retries and reads in its own way. */
const passed: ReadonlySet<string> = new Set([
  'ssl_ca_certs',
  'ssl_certfile',
  'ssl_keyfile',
  'ssl_cert_reqs',
  'ssl_check_hostname',
  'virtual_host',
  'retry_on_timeout',
  'retry_on_error',
  'socket_read_size',
  'timeout',
])

export function querySettings(query: ReadonlyMap<string, string>): ConnectionSettings {
  const settings: Settings = {}
  for (const [name, text] of query) {
    if (name === 'credential_provider') {
      throw misconfigured('credential_provider names Python code; pass a client with the credentials instead')
    }
    const apply = Object.hasOwn(known, name) ? known[name] : undefined
    if (apply === undefined && !passed.has(name)) throw misconfigured(`Unknown in a Redis address: ${name}`)
    apply?.(settings, text)
  }
  return settings
}

function number(text: string): number {
  const value = Number(text)
  if (text.trim() !== '' && Number.isFinite(value) && value >= 0) return value
  throw misconfigured(`Not a number in a Redis address: ${text}`)
}

function whole(text: string): number {
  const value = number(text)
  if (Number.isInteger(value)) return value
  throw misconfigured(`Not a whole number in a Redis address: ${text}`)
}

function truth(text: string): boolean {
  return !['', '0', 'f', 'false', 'n', 'no'].includes(text.toLowerCase())
}
