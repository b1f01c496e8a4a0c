import { writeFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, type MockInstance, vi } from 'vitest'
import { redisAdapter, RedisBackend, type ConnectionSettings } from '../src/index.ts'
import { clientOptions, settingsOf } from '../src/client-options.ts'

/** What ioredis is told, of an address and the settings beside it. */
function told(url: string, settings: ConnectionSettings = {}): Record<string, unknown> {
  const made = settingsOf({ url, ...settings })
  if (made.client !== undefined) throw new Error('no client was passed')
  return { ...clientOptions(made) }
}

const refused = (message: RegExp): object => ({ code: 'misconfigured', message: expect.stringMatching(message) })

function refusal(url: string, settings: ConnectionSettings = {}): unknown {
  try {
    return told(url, settings)
  } catch (error) {
    return error
  }
}

describe('[R5] an address of a server', () => {
  it('says host, port, user, password and database', () => {
    expect(told('redis://user:secret@Example.ORG:6380/3')).toMatchObject({
      host: 'example.org',
      port: 6380,
      username: 'user',
      password: 'secret',
      db: 3,
    })
  })

  it('is percent-decoded in user, password and host', () => {
    expect(told('redis://us%3Aer:p%40%2Fw%25@h%6Fst')).toMatchObject({
      username: 'us:er',
      password: 'p@/w%',
      host: 'host',
    })
  })

  it('takes what it leaves out from the settings beside it, and else the usual', () => {
    expect(told('redis://')).toMatchObject({ host: 'localhost', port: 6379, db: 0 })
    expect(told('redis://host', { port: 7000, username: 'user', password: 'secret' })).toMatchObject({
      port: 7000,
      username: 'user',
      password: 'secret',
    })
    expect(told('redis://:other@host', { username: 'user', password: 'secret' })).toMatchObject({
      username: 'user',
      password: 'other',
    })
  })

  it('without a database means database 0, whatever the setting says', () => {
    expect(told('redis://host', { db: 5 })).toMatchObject({ db: 0 })
    expect(told('redis://host/', { db: 5 })).toMatchObject({ db: 0 })
    expect(told('redis://host/7/', { db: 5 })).toMatchObject({ db: 7 })
  })

  it('names an IPv6 host in brackets', () => {
    expect(told('redis://[::1]:6390/1')).toMatchObject({ host: '::1', port: 6390, db: 1 })
  })

  it('may stand where a host is expected', () => {
    expect(settingsOf({ host: 'redis://other:7001/2' })).toMatchObject({ host: 'other', port: 7001, db: 2 })
  })

  it.each([
    ['redis://host/name', /database .* is a number/],
    ['redis://host:port/0', /Not a port/],
    ['redis://host:70000/0', /Not a port/],
    ['redis://one,two:6379/0', /One address is one server/],
    ['redis://one:6379;redis://two:6379', /One address is one server/],
    ['redis://%zz@host', /percent-encoding/],
    ['http://host', /known are redis, rediss/],
    ['redis:', /Not an address/],
  ])('%s is refused', (url, message) => {
    expect(refusal(url)).toMatchObject(refused(message))
  })

  it('keeps the password out of its refusals', () => {
    expect(String(refusal('redis://user:hunter2@host?x'))).not.toContain('hunter2')
    expect(String(refusal('redis://user:hunter2@host:1:2'))).not.toContain('hunter2')
  })
})

describe('[R5] [R6] what stands behind the question mark', () => {
  it('is turned into the types of the settings, seconds into milliseconds', () => {
    expect(told('redis://host?socket_timeout=2.5&socket_connect_timeout=0.5&client_name=me&protocol=2')).toMatchObject({
      socketTimeout: 2500,
      connectTimeout: 500,
      connectionName: 'me',
      protocol: 2,
    })
    expect(settingsOf({ url: 'redis://host?health_check_interval=7&max_connections=3' })).toMatchObject({
      heartbeatMs: 7000,
      maxConnections: 3,
    })
    expect(told('redis://host?socket_keepalive=true')).toMatchObject({ keepAlive: 0 })
    expect(told('redis://host?socket_keepalive=no')).not.toHaveProperty('keepAlive')
  })

  it('wins over everything else, and of two the last', () => {
    expect(told('redis://:one@host/1?db=4&password=two&db=5')).toMatchObject({ db: 5, password: 'two' })
  })

  it('may be what only redis-py has a use for', () => {
    expect(told('redis://host?retry_on_timeout=1&socket_read_size=4096&virtual_host=9')).toMatchObject({ db: 0 })
  })

  it.each([
    ['redis://host?credential_provider=a.b.C', /credential_provider names Python code; pass a client/],
    ['redis://host?unknown=1', /Unknown in a Redis address: unknown/],
    ['redis://host?socket_timeout=soon', /Not a number/],
    ['redis://host?db=1.5', /Not a whole number/],
    ['redis://host?protocol=4', /protocol is 2 or 3/],
  ])('%s is refused', (url, message) => {
    expect(refusal(url)).toMatchObject(refused(message))
  })
})

describe('[R5] an address of a socket', () => {
  it.each(['redis+socket', 'socket'])('%s:// names a file, and no host or port', (scheme) => {
    const options = told(`${scheme}://:secret@/run/redis%20dir/redis.sock`, { port: 7000, connectTimeoutMs: 5 })
    expect(options).toMatchObject({ path: '/run/redis dir/redis.sock', password: 'secret', db: 0 })
    expect(options).not.toHaveProperty('host')
    expect(options).not.toHaveProperty('port')
  })

  it('takes the database from virtual_host, else from the setting', () => {
    expect(told('redis+socket:///run/redis.sock?virtual_host=/4/', { db: 2 })).toMatchObject({ db: 4 })
    expect(told('redis+socket:///run/redis.sock', { db: 2 })).toMatchObject({ db: 2 })
  })

  it('is refused without a file, and with TLS', () => {
    expect(refusal('redis+socket://')).toMatchObject(refused(/names its file/))
    expect(refusal('redis+socket:///a', { tls: {} })).toMatchObject(refused(/no TLS/))
  })
})

describe('[R7] TLS', () => {
  let folder: string
  let warning: MockInstance
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'arpeggio-tls-'))
    warning = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
  })
  afterEach(() => {
    rmSync(folder, { recursive: true })
    vi.restoreAllMocks()
  })

  it.each(['CERT_REQUIRED', 'required'])('ssl_cert_reqs=%s checks certificates, without a word', (word) => {
    expect(told(`rediss://host?ssl_cert_reqs=${word}`)).toMatchObject({ tls: { rejectUnauthorized: true } })
    expect(warning).not.toHaveBeenCalled()
  })

  it.each([
    ['CERT_OPTIONAL', true],
    ['optional', true],
    ['CERT_NONE', false],
    ['none', false],
  ])('ssl_cert_reqs=%s is taken with a warning', (word, isChecked) => {
    expect(told(`rediss://host?ssl_cert_reqs=${word}`)).toMatchObject({ tls: { rejectUnauthorized: isChecked } })
    expect(warning).toHaveBeenCalledOnce()
  })

  it('reads the files that the address names, decoding it once more', () => {
    const file = join(folder, 'a b.pem')
    writeFileSync(file, 'pem')
    const path = encodeURIComponent(encodeURIComponent(file))
    const options = told(
      `rediss://host?ssl_cert_reqs=required&ssl_ca_certs=${path}&ssl_certfile=${path}&ssl_keyfile=${path}`,
    )
    const pem = Buffer.from('pem')
    expect(options).toMatchObject({ tls: { ca: pem, cert: pem, key: pem } })
  })

  it('may be said by the setting tls instead', () => {
    expect(told('rediss://host', { tls: { ca: 'pem' } })).toMatchObject({ tls: { ca: 'pem' } })
  })

  it.each([
    ['rediss://host', {}, /needs \?ssl_cert_reqs=required/],
    ['rediss://host?ssl_cert_reqs=cert_required', {}, /needs \?ssl_cert_reqs=required/],
    ['rediss://host?ssl_cert_reqs=wrong', { tls: {} }, /needs \?ssl_cert_reqs=required/],
    ['rediss://host?ssl_cert_reqs=required&ssl_ca_certs=/not/there.pem', {}, /cannot be read/],
    ['redis://host?ssl_cert_reqs=required', {}, /ssl_cert_reqs is for rediss/],
    ['redis://host?ssl_ca_certs=/a', {}, /ssl_ca_certs is for rediss/],
    ['redis://host', { tls: {} }, /tls is for rediss/],
  ])('%s with %o is refused', (url, settings, message) => {
    expect(refusal(url, settings)).toMatchObject(refused(message))
  })
})

describe('[R15] an address of sentinels', () => {
  it('lists them, and takes user, password and database of the master from the first', () => {
    const url = 'sentinel://user:one@a:1/3;sentinel://:two@b/4;sentinel://c:3'
    expect(told(url, { masterName: 'main', sentinelPassword: 'theirs', sentinelUsername: 'watch' })).toMatchObject({
      sentinels: [
        { host: 'a', port: 1 },
        { host: 'b', port: 26_379 },
        { host: 'c', port: 3 },
      ],
      name: 'main',
      username: 'user',
      password: 'one',
      db: 3,
      sentinelPassword: 'theirs',
      sentinelUsername: 'watch',
    })
  })

  it('may name the master itself, and TLS for both kinds of servers by settings', () => {
    const tls = { ca: 'pem' }
    expect(told('sentinel://a?master_name=main', { tls, sentinelTls: tls })).toMatchObject({
      name: 'main',
      tls,
      sentinelTLS: tls,
      enableTLSForSentinelMode: true,
    })
  })

  it.each([
    ['sentinel://a', /needs masterName/],
    ['sentinel://a?master_name=m;redis://b', /begins with sentinel/],
    ['sentinel://a,b?master_name=m', /One address is one server/],
  ])('%s is refused', (url, message) => {
    expect(refusal(url)).toMatchObject(refused(message))
  })
})

describe('[R5] settings', () => {
  it('have the defaults of Celery, and fail at once instead of sending a command twice', () => {
    expect(told('redis://host')).toMatchObject({
      socketTimeout: 120_000,
      connectTimeout: 10_000,
      maxRetriesPerRequest: 0,
      lazyConnect: true,
    })
    expect(told('redis://host', { socketTimeoutMs: 0 })).not.toHaveProperty('socketTimeout')
  })

  it('[R10] give the connections a name', () => {
    expect(told('redis://host', { clientName: 'me' })).toMatchObject({ connectionName: 'me' })
    expect(told('redis://host')).not.toHaveProperty('connectionName')
  })

  it('ask for a whole number of connections', () => {
    expect(() => new RedisBackend({ host: 'host', maxConnections: 0 })).toThrow(TypeError)
  })

  it('are refused through the adapter as they are by the backend', async () => {
    await expect(redisAdapter.open('redis://host/name')).rejects.toMatchObject({ code: 'misconfigured' })
  })

  it.each([
    ['redis://:secret@host:6380/1', 'redis://:**@host:6380/1', 'redis://:secret@host:6380/1'],
    ['rediss://u:p%40@host?ssl_cert_reqs=required', 'rediss://u:**@host:6379/0', 'rediss://u:p%40@host:6379/0'],
    [
      'redis+socket:///run/r.sock?virtual_host=2',
      'redis+socket:///run/r.sock?virtual_host=2',
      'redis+socket:///run/r.sock?virtual_host=2',
    ],
    [
      'sentinel://:pw@a:1/2;sentinel://b?master_name=m',
      'sentinel://:**@a:1/2;sentinel://:**@b:26379/2',
      'sentinel://:pw@a:1/2;sentinel://:pw@b:26379/2',
    ],
  ])('%s is told as an address without its password', async (url, shown, whole) => {
    await using backend = new RedisBackend({ url, masterName: 'm' })
    expect([backend.asUri(), backend.asUri({ includePassword: true })]).toEqual([shown, whole])
  })
})
