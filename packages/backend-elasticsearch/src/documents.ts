import { encodeJson, type Stored, type Value, type Version, type Write } from '@arpeggio/core'
import { nativeOf, textOfNative } from './native-meta.ts'

/** A document as it is stored. Celery writes and reads the first two members. */
export interface Source {
  readonly result?: unknown
  readonly '@timestamp'?: unknown
  readonly expiresAt?: unknown
  /** The `@timestamp` that `expiresAt` came with. Celery's updates of a part of a document leave both behind. */
  readonly writtenAt?: unknown
  /** In native mode: what is no document of Celery's. */
  readonly text?: unknown
  /** What is no text, in base64. */
  readonly bytes?: unknown
}

/** The members by which one tells whether there is something. */
export const presenceMembers = ['@timestamp', 'writtenAt', 'expiresAt'] as const

/** A document as the server answers with it. */
export interface Hit {
  readonly found?: boolean
  readonly _seq_no?: number
  readonly _primary_term?: number
  readonly _source?: Source
}

/** Names one state of a document to the server. */
export interface SequenceNumber {
  readonly if_seq_no: number
  readonly if_primary_term: number
}

export interface Draft {
  /** One line of JSON. */
  readonly source: string
  readonly expiresAtMs?: number
}

/** The last instant that the server's dates can name. */
const endOfTimeMs = Date.UTC(10_000, 0) - 1
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** What is in the documents, in one of Celery's two modes. Either mode reads both. */
export class Documents {
  readonly #isText: boolean

  constructor(saveMetaAsText: boolean) {
    this.#isText = saveMetaAsText
  }

  draft({ value, expiresInSeconds }: Write, nowMs: number): Draft {
    const timestamp = new Date(nowMs).toISOString()
    const document = { ...this.#content(value), '@timestamp': timestamp }
    if (expiresInSeconds === undefined) return { source: encodeJson(document) }
    const expiresAtMs = Math.min(Math.ceil(nowMs + expiresInSeconds * 1000), endOfTimeMs)
    const expiresAt = new Date(expiresAtMs).toISOString()
    return { source: encodeJson({ ...document, writtenAt: timestamp, expiresAt }), expiresAtMs }
  }

  /** What stands in `result` for a value, or nothing for one that Celery could not read there. */
  encode(value: Value): unknown {
    const { result } = this.#content(value)
    return result
  }

  /** The value that stands in `result`. */
  decode(result: unknown): Value | undefined {
    if (typeof result === 'string') return result
    return typeof result === 'object' && result !== null ? textOfNative(result) : undefined
  }

  /** Nothing for what is not there, has expired, or is no document of anybody's. */
  stored(hit: Hit, nowMs: number): Stored | undefined {
    const { _source: source = {} } = hit
    const expiresAtMs = expiryOf(source)
    const version = versionOf(hit, expiresAtMs)
    const value = version === undefined || isOver(expiresAtMs, nowMs) ? undefined : this.#valueOf(source)
    if (value === undefined || version === undefined) return undefined
    return expiresAtMs === undefined ? { value, version } : { value, version, expiresAt: new Date(expiresAtMs) }
  }

  #content(value: Value): Source {
    const text = typeof value === 'string' ? value : textOf(value)
    if (text === undefined) return { bytes: Buffer.from(value).toString('base64') }
    if (this.#isText) return { result: text }
    const native = nativeOf(text)
    return native === undefined ? { text } : { result: native }
  }

  #valueOf({ result, text, bytes }: Source): Value | undefined {
    if (typeof text === 'string') return text
    return typeof bytes === 'string' ? Buffer.from(bytes, 'base64') : this.decode(result)
  }
}

export function hasExpired({ _source: source = {} }: Hit, nowMs: number): boolean {
  return isOver(expiryOf(source), nowMs)
}

/** The state that a document was found in; nothing where there was none. */
export function stateOf({ _seq_no: seqNo, _primary_term: term }: Hit): SequenceNumber | undefined {
  return seqNo === undefined || term === undefined ? undefined : { if_seq_no: seqNo, if_primary_term: term }
}

/** Seq_no and term as the server counts them, and the expiry, so that what has expired cannot be written over unseen. */
export function versionOf(hit: Hit, expiresAtMs: number | undefined): Version | undefined {
  const state = stateOf(hit)
  if (state === undefined) return undefined
  const version = `${state.if_seq_no}.${state.if_primary_term}`
  return expiresAtMs === undefined ? version : `${version}.${expiresAtMs}`
}

/** Nothing when it is no version of ours, or that of an expired value. */
export function sequenceNumberOf(version: Version, nowMs: number): SequenceNumber | undefined {
  const [, seqNo, term, expiresAtMs] = /^(\d+)\.(\d+)(?:\.(\d+))?$/u.exec(version) ?? []
  if (seqNo === undefined || isOver(expiresAtMs === undefined ? undefined : Number(expiresAtMs), nowMs))
    return undefined
  return { if_seq_no: Number(seqNo), if_primary_term: Number(term) }
}

function expiryOf({ expiresAt, writtenAt, '@timestamp': timestamp }: Source): number | undefined {
  if (typeof expiresAt !== 'string' || writtenAt !== timestamp) return undefined
  const ms = Date.parse(expiresAt)
  return Number.isNaN(ms) ? undefined : ms
}

function isOver(expiresAtMs: number | undefined, nowMs: number): boolean {
  return expiresAtMs !== undefined && expiresAtMs <= nowMs
}

function textOf(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes)
  } catch {
    return undefined
  }
}
