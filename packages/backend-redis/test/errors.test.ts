import { describe, expect, it } from 'vitest'
import { isSafeToRetry, toBackendError, type Circumstances } from '../src/errors.ts'

const here: Circumstances = { wasSent: true, address: 'redis://host:6379/0' }

function codeOf(message: string, circumstances: Partial<Circumstances> = {}, code?: string): unknown {
  const error = Object.assign(new Error(message), code === undefined ? {} : { code })
  const translated = toBackendError(error, { ...here, ...circumstances })
  return translated === error ? 'none' : translated
}

describe('an answer of the server', () => {
  it.each([
    ['LOADING Redis is loading the dataset in memory', 'unavailable'],
    ['BUSY Redis is busy running a script.', 'unavailable'],
    ["OOM command not allowed when used memory > 'maxmemory'.", 'unavailable'],
    ["READONLY You can't write against a read only replica.", 'unavailable'],
    ['CLUSTERDOWN The cluster is down', 'unavailable'],
    ['TRYAGAIN Multiple keys request during rehashing of slot', 'unavailable'],
    ['ERR max number of clients reached', 'unavailable'],
    ['NOAUTH Authentication required.', 'misconfigured'],
    ['WRONGPASS invalid username-password pair or user is disabled.', 'misconfigured'],
    ["NOPERM User worker has no permissions to run the 'evalsha' command", 'misconfigured'],
    ['ERR DB index is out of range', 'misconfigured'],
    ['MOVED 866 127.0.0.1:7001', 'misconfigured'],
    ['WRONGTYPE Operation against a key holding the wrong kind of value', 'unreadable'],
    ["ERR unknown command 'UNLINK', with args beginning with: 'a'", 'unsupported'],
    ['ERR string exceeds maximum allowed size (proto-max-bulk-len)', 'too-large'],
  ])('%s is %s', (message, code) => {
    expect(codeOf(message)).toMatchObject({ code })
  })

  it('that fits no code stays the error of the client', () => {
    expect(codeOf('ERR syntax error')).toBe('none')
  })

  it('that a client of one server gets from a cluster says what to pass', () => {
    expect(codeOf('MOVED 866 127.0.0.1:7001')).toMatchObject({
      message: expect.stringContaining('pass an ioredis Cluster'),
    })
  })
})

describe('[R8] an error of the connection', () => {
  const lost = 'Connection is closed.'

  it('is uncertain once the command may have been sent, and unavailable before', () => {
    expect(codeOf(lost)).toMatchObject({ code: 'uncertain' })
    expect(codeOf(lost, { wasSent: false })).toMatchObject({ code: 'unavailable' })
    expect(codeOf('read ECONNRESET', {}, 'ECONNRESET')).toMatchObject({ code: 'uncertain' })
    expect(codeOf('Reached the max retries per request limit (which is 0).')).toMatchObject({ code: 'uncertain' })
  })

  it('names what ioredis hides behind it', () => {
    const connection = new Error('connect ECONNREFUSED 127.0.0.1:6379')
    expect(codeOf(lost, { wasSent: false, connection })).toMatchObject({
      message: 'Redis at redis://host:6379/0: connect ECONNREFUSED 127.0.0.1:6379',
      cause: connection,
    })
  })

  it('is misconfigured when a password or a certificate is why there is none', () => {
    const password = new Error('WRONGPASS invalid username-password pair')
    expect(codeOf(lost, { wasSent: false, connection: password })).toMatchObject({ code: 'misconfigured' })
    const certificate = Object.assign(new Error('self-signed certificate'), { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' })
    expect(codeOf(lost, { wasSent: false, connection: certificate })).toMatchObject({ code: 'misconfigured' })
  })

  it('is disposed once the backend is', () => {
    expect(codeOf(lost, { isDisposed: true })).toMatchObject({ code: 'disposed' })
  })
})

describe('[R8] what may be tried again, as Celery says', () => {
  it.each(['Connection is closed.', 'LOADING Redis is loading', 'WRONGPASS invalid', 'Command timed out'])(
    '%s',
    (message) => {
      expect(isSafeToRetry(new Error(message))).toBe(true)
    },
  )

  it('but not what another try would not change', () => {
    for (const error of [new Error('ERR syntax error'), new TypeError('no'), undefined, 'text']) {
      expect(isSafeToRetry(error)).toBe(false)
    }
  })
})
