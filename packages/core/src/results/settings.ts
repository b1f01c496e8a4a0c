import type { Backend } from '../backend/backend.ts'
import { BackendError } from '../backend/backend-error.ts'
import type { Publisher } from '../canvas/publisher.ts'
import { codecs, type Codec, expanding } from '../wire/codec.ts'
import { ExceptionRegistry } from '../wire/exceptions.ts'
import { Keys } from '../wire/keys.ts'
import type { PrecedenceRule } from '../wire/states.ts'
import type { ConnectionFailure, RetryPolicy } from '../store/retry.ts'
import type { ChordSettings } from '../chords/chord-host.ts'
import type { Firing, Peers } from '../chords/chord-ledger.ts'
import { type Scheduler, systemScheduler } from '../store/scheduler.ts'

export interface ResultsOptions {
  /** Closed together with the `Results`. */
  readonly backend: Backend
  /** Where tasks are sent to run, closed together with the `Results`. Without one nothing can be started from here. */
  readonly publisher?: Publisher | undefined
  /** The name of the codec that reads and writes; all peers must agree on it. Default: `json`. */
  readonly serializer?: string | undefined
  /** Codecs beside the built-in `json`. */
  readonly codecs?: readonly Codec[] | undefined
  /** Serializers whose documents may be read. Default: the serializer alone. */
  readonly accept?: readonly string[] | undefined
  /** How long results are kept; `null` or 0: for ever. Default: 86,400. */
  readonly expiresInSeconds?: number | null | undefined
  /** How many finished results this process keeps; 0 for no limit, -1 for none at all. Default: -1. */
  readonly maxCachedResults?: number | undefined
  /** Default: true. Celery's is false. */
  readonly alwaysRetry?: boolean | undefined
  /** Default: 20. Celery's is no limit. */
  readonly maxRetries?: number | undefined
  /** Default: 10. */
  readonly baseSleepMs?: number | undefined
  /** Default: 10,000. */
  readonly maxSleepMs?: number | undefined
  /** In front of every key; all peers must agree on it. Default: none. */
  readonly globalKeyprefix?: string | undefined
  /** Whether names, arguments and so on are stored with results. Default: false. */
  readonly resultExtended?: boolean | undefined
  /** Which stored states a late write may replace. Default: `strict`. */
  readonly precedence?: PrecedenceRule | undefined
  /** The error classes of the application that stored failures may become. Default: none. */
  readonly exceptions?: ExceptionRegistry | undefined
  /** Told before every retry; may answer with another wait in milliseconds. */
  readonly onConnectionError?: ((failure: ConnectionFailure) => number | void) | undefined
  /** Told of what is odd but no failure. Default: `process.emitWarning`. */
  readonly onWarning?: ((message: string) => void) | undefined
  /** How long waits without `timeoutMs` last. Default: the result expiry, or a day when there is none. */
  readonly defaultTimeoutMs?: number | undefined
  /** How often everything waited for is read although nothing told of a change. Default: 30,000. */
  readonly safetyReadMs?: number | undefined
  /** The longest pause between two polls. Default: 500. */
  readonly pollCeilingMs?: number | undefined
  /** How often this process looks after chords, if it has a publisher, in seconds; `false` for never. Default: 15. */
  readonly sweepSeconds?: number | false | undefined
  /** How long whoever works on the outcome of a chord is left alone. Default: 30. */
  readonly chordLeaseSeconds?: number | undefined
  /** The deadline of chords that name none. Default: the result expiry, or a day when there is none. */
  readonly chordDeadlineSeconds?: number | undefined
  /** The longest deadline; all processes must agree on it. Default: 604,800, a week. */
  readonly maxDeadlineSeconds?: number | undefined
  /** How long a chord that is over is remembered. Default: the result expiry, but at least 7,200. */
  readonly tombstoneSeconds?: number | undefined
  /** Larger results of parts are kept apart from what is counted. Bytes. Default: 4,096. */
  readonly chordInlineBytes?: number | undefined
  /** How many slots one node stands for. Default: 32. */
  readonly chordFanOut?: number | undefined
  /**
   * Who else finishes parts of this process's chords: Celery's workers, or nobody. Default: what the publisher says of
   * itself, else `none`.
   */
  readonly peers?: Peers | undefined
  /**
   * Who fires chords that have peers, on stores where both sides can count: whoever records the last part, or this library
   * alone. Then some process of it must live until they are over. Default: `shared`; `captured` where there are no peers.
   */
  readonly firing?: Firing | undefined
  /** How long a complete chord is left alone that a peer may be about to fire. Default: 60. */
  readonly chordGraceSeconds?: number | undefined
  /** Time and chance, for tests and simulations that decide both. Default: the machine's. */
  readonly scheduler?: Scheduler | undefined
}

/** The options with every default filled in. */
export interface Settings {
  readonly backend: Backend
  readonly codec: Codec
  readonly accept: readonly string[]
  readonly keys: Keys
  readonly expiresInSeconds: number | undefined
  readonly maxCachedResults: number
  readonly retry: RetryPolicy
  readonly extended: boolean
  readonly precedence: PrecedenceRule
  readonly exceptions: ExceptionRegistry
  readonly defaultTimeoutMs: number
  readonly warn: (message: string) => void
  readonly scheduler: Scheduler
  readonly chords: ChordSettings
}

const daySeconds = 86_400

export function settingsOf(options: ResultsOptions): Settings {
  const expiresInSeconds = expiryOf(options.expiresInSeconds === undefined ? daySeconds : options.expiresInSeconds)
  return {
    backend: options.backend,
    ...formatOf(options),
    expiresInSeconds,
    maxCachedResults: options.maxCachedResults ?? -1,
    retry: retryOf(options),
    precedence: options.precedence ?? 'strict',
    defaultTimeoutMs: options.defaultTimeoutMs ?? (expiresInSeconds ?? daySeconds) * 1_000,
    warn: options.onWarning ?? ((message) => process.emitWarning(message, { code: 'ARPEGGIO' })),
    scheduler: options.scheduler ?? systemScheduler,
    chords: chordSettingsOf(options, expiresInSeconds ?? daySeconds),
  }
}

/** Celery's Redis broker delivers a message again after an hour: a chord is remembered for longer. */
const shortestTombstoneSeconds = 7_200

function chordSettingsOf(options: ResultsOptions, expirySeconds: number): ChordSettings {
  const { globalKeyprefix, maxDeadlineSeconds = 7 * daySeconds, chordFanOut = 32, sweepSeconds = 15 } = options
  if (!Number.isSafeInteger(chordFanOut) || chordFanOut < 2) throw new TypeError('chordFanOut must be at least 2')
  return {
    globalKeyprefix,
    maxDeadlineSeconds,
    defaultDeadlineSeconds: options.chordDeadlineSeconds ?? Math.min(expirySeconds, maxDeadlineSeconds),
    tombstoneSeconds: options.tombstoneSeconds ?? Math.max(expirySeconds, shortestTombstoneSeconds),
    leaseSeconds: options.chordLeaseSeconds ?? 30,
    inlineBytes: options.chordInlineBytes ?? 4_096,
    fanOut: chordFanOut,
    sweepSeconds,
    ...sharingOf(options),
    expirySeconds,
  }
}

function sharingOf(options: ResultsOptions): Pick<ChordSettings, 'peers' | 'firing' | 'graceSeconds'> {
  const { peers = options.publisher?.peers ?? 'none', chordGraceSeconds: graceSeconds = 60 } = options
  return { peers, firing: options.firing ?? (peers === 'none' ? 'captured' : 'shared'), graceSeconds }
}

type Format = Pick<Settings, 'codec' | 'accept' | 'keys' | 'extended' | 'exceptions'>

function formatOf({ serializer = 'json', globalKeyprefix, ...options }: ResultsOptions): Format {
  return {
    codec: codecOf(serializer, options.codecs),
    accept: options.accept ?? [serializer],
    keys: new Keys(globalKeyprefix === undefined ? {} : { globalKeyprefix }),
    extended: options.resultExtended ?? false,
    exceptions: options.exceptions ?? new ExceptionRegistry(),
  }
}

/** Seconds above zero; `undefined` for no expiry. */
export function expiryOf(seconds: number | null): number | undefined {
  if (seconds === null || seconds === 0) return undefined
  if (!Number.isFinite(seconds) || seconds < 0)
    throw new TypeError('expiresInSeconds must be a number of seconds or null')
  return seconds
}

function retryOf(options: ResultsOptions): RetryPolicy {
  return {
    alwaysRetry: options.alwaysRetry ?? true,
    maxRetries: options.maxRetries ?? 20,
    baseSleepMs: options.baseSleepMs ?? 10,
    maxSleepMs: options.maxSleepMs ?? 10_000,
  }
}

function codecOf(name: string, extra: readonly Codec[] | undefined): Codec {
  const known = codecs(extra)
  const codec = known.get(name)
  if (codec !== undefined) return expanding(codec)
  const names = [...known.keys()].join(', ')
  throw new BackendError('misconfigured', `no serializer ${name}: known are ${names}; pass others as codecs`)
}
