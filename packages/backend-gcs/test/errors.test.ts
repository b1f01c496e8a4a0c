import { BackendError } from '@arpeggio/core'
import { describe, expect, it } from 'vitest'
import {
  type Act,
  answerError,
  clientError,
  credentialsError,
  firestoreError,
  isSafeToRetry,
  requestError,
} from '../src/errors.ts'

const reading = { act: 'read', what: 'reading' } as const
const writing = { act: 'write', what: 'writing' } as const

function failed(code: string | number, message = 'failed'): Error {
  return Object.assign(new Error(message), { code })
}

/** As `fetch` tells of a connection. */
function hidden(code: string): Error {
  return new TypeError('fetch failed', { cause: failed(code, 'connection') })
}

describe('an answer of Cloud Storage', () => {
  it.each([
    [401, '', 'misconfigured'],
    [403, '{"error": {"message": "no storage.objects.create access"}}', 'misconfigured'],
    [403, '{"error": {"errors": [{"reason": "userRateLimitExceeded"}]}}', 'unavailable'],
    [404, 'The specified bucket does not exist.', 'misconfigured'],
    [410, 'The object exceeded the rate limit for object mutation operations', 'unavailable'],
    [413, '', 'too-large'],
    [429, '', 'unavailable'],
    [503, '', 'uncertain'],
    [500, '', 'uncertain'],
  ])('%i is %s when it was about a write', (status, text, code) => {
    expect(answerError(status, text, writing)).toMatchObject({ code })
  })

  it('about a read leaves nothing uncertain', () => {
    for (const status of [408, 500, 502, 503, 504, 429]) {
      expect(answerError(status, '', reading)).toMatchObject({ code: 'unavailable' })
    }
  })

  it('that fits no code tells its status and the words of the service', () => {
    const error = answerError(400, '{"error": {"message": "Invalid argument."}}', writing)
    expect(BackendError.is(error)).toBe(false)
    expect(error).toMatchObject({ status: 400, message: expect.stringContaining('Invalid argument.') })
  })

  it('means the same when the client itself tells it', () => {
    expect(clientError(failed(503), writing)).toMatchObject({ code: 'uncertain' })
    expect(clientError(failed(429), writing)).toMatchObject({ code: 'unavailable' })
    expect(clientError(failed('ECONNREFUSED'), writing)).toMatchObject({ code: 'unavailable' })
  })
})

describe('a request without an answer', () => {
  it('was not sent where nothing could be reached, and perhaps applied after that', () => {
    expect(requestError(hidden('ECONNREFUSED'), writing)).toMatchObject({ code: 'unavailable' })
    expect(requestError(hidden('ENOTFOUND'), writing)).toMatchObject({ code: 'unavailable' })
    expect(requestError(hidden('UND_ERR_SOCKET'), writing)).toMatchObject({ code: 'uncertain' })
    expect(requestError(hidden('ECONNRESET'), writing)).toMatchObject({ code: 'uncertain' })
    expect(requestError(hidden('ECONNRESET'), reading)).toMatchObject({ code: 'unavailable' })
    expect(requestError(new DOMException('too long', 'TimeoutError'), writing)).toMatchObject({ code: 'uncertain' })
    expect(requestError(hidden('DEPTH_ZERO_SELF_SIGNED_CERT'), writing)).toMatchObject({ code: 'misconfigured' })
  })

  it('names what happened to the connection', () => {
    const error = requestError(
      new TypeError('fetch failed', { cause: failed('ECONNRESET', 'read ECONNRESET') }),
      writing,
    )
    expect(error).toMatchObject({ message: 'Cloud Storage: writing: read ECONNRESET' })
  })

  it('for want of credentials is misconfigured', () => {
    expect(credentialsError(new Error('Could not load the default credentials'))).toMatchObject({
      code: 'misconfigured',
    })
    expect(credentialsError(failed('ECONNREFUSED'))).toMatchObject({ code: 'unavailable' })
  })
})

describe('an error of Firestore', () => {
  it.each([
    [4, 'write', 'uncertain'],
    [4, 'read', 'unavailable'],
    [8, 'write', 'unavailable'],
    [10, 'write', 'unavailable'],
    [14, 'write', 'uncertain'],
    [13, 'read', 'unavailable'],
    [7, 'write', 'misconfigured'],
    [16, 'read', 'misconfigured'],
    [5, 'write', 'misconfigured'],
  ] as readonly (readonly [number, Act, string])[])('%i on a %s is %s', (status, act, code) => {
    expect(firestoreError(failed(status), act)).toMatchObject({ code })
  })

  it('is too-large when the document is', () => {
    const error = failed(3, 'The value of property "value" is longer than 1048487 bytes.')
    expect(firestoreError(error, 'write')).toMatchObject({ code: 'too-large' })
  })

  it('that fits no code stays the error of the client', () => {
    const error = failed(3, 'Something else')
    expect(firestoreError(error, 'write')).toBe(error)
  })
})

describe('what may be tried again', () => {
  it('is what passes, in the words of either service', () => {
    for (const code of [429, 503, 500, 4, 10, 14, 'ECONNRESET']) expect(isSafeToRetry(failed(code))).toBe(true)
    expect(isSafeToRetry(new TypeError('fetch failed', { cause: failed('ECONNRESET') }))).toBe(true)
  })

  it('but not what another try would not change', () => {
    for (const error of [failed(403), failed(7), failed(3), new TypeError('no'), undefined, 'text']) {
      expect(isSafeToRetry(error)).toBe(false)
    }
  })
})
