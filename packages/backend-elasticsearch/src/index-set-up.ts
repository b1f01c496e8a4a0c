import { answerOf, isMissing } from './errors.ts'
import type { IndexRequests } from './index-requests.ts'
import { words } from './native-meta.ts'

export interface IndexSetUpOptions {
  /** Whether the members of a document can be searched. */
  readonly isNative: boolean
  readonly lifecyclePolicy?: string | undefined
}

export interface IndexMappings {
  readonly dynamic?: string | boolean
  readonly properties?: Readonly<Record<string, FieldMapping>>
  readonly _meta?: Readonly<Record<string, unknown>>
}

interface FieldMapping {
  readonly type?: string
  readonly dynamic?: string | boolean
  readonly properties?: object
}

const word = { type: 'keyword', ignore_above: 1024 } as const

/** Of a document in native mode, what one looks for. All else stays in the source alone, so that no result adds a field. */
const searchable = {
  ...Object.fromEntries(words.map((name) => [name, word])),
  date_done: { type: 'date', ignore_malformed: true },
  retries: { type: 'long', ignore_malformed: true },
}

/** Gives the index its mapping before the first write, unless it has it. */
export class IndexSetUp {
  readonly #requests: IndexRequests
  readonly #options: IndexSetUpOptions
  #ready: Promise<void> | undefined

  constructor(requests: IndexRequests, options: IndexSetUpOptions) {
    this.#requests = requests
    this.#options = options
  }

  /** One attempt serves everybody who waits for it; after a failure the next write tries again. */
  ready(): Promise<void> {
    this.#ready ??= this.#setUp().catch((error: unknown) => {
      this.#ready = undefined
      throw error
    })
    return this.#ready
  }

  /** What the index is made from. */
  get template(): object {
    return { index_patterns: [this.#requests.index], priority: 500, template: this.#index }
  }

  get templatePath(): string {
    return `/_index_template/${encodeURIComponent(`arpeggio-${this.#requests.index}`)}`
  }

  /** What an index is given that was there before. It keeps the fields that it has, and gets no more by itself. */
  get addition(): IndexMappings {
    const result = this.#options.isNative ? { result: { type: 'object', dynamic: false } } : {}
    return { dynamic: false, properties: { ...dates, ...result } }
  }

  get #index(): object {
    const { isNative, lifecyclePolicy } = this.#options
    const settings = lifecyclePolicy === undefined ? {} : { 'index.lifecycle.name': lifecyclePolicy }
    const result = isNative ? { result: { properties: searchable } } : {}
    return { settings, mappings: { dynamic: false, _meta: this.#mark, properties: { ...dates, ...result } } }
  }

  /** The mapping of each index behind the name; none when there is no such index. */
  async #current(): Promise<readonly IndexMappings[]> {
    try {
      const path = this.#requests.path('_mapping')
      const answer = await this.#requests.send<Record<string, { readonly mappings?: IndexMappings }>>({
        method: 'GET',
        path,
      })
      return Object.values(answer).map(({ mappings = {} }) => mappings)
    } catch (error) {
      if (isMissing(error)) return []
      throw error
    }
  }

  async #setUp(): Promise<void> {
    try {
      const current = await this.#current()
      if (current.length > 0 && current.every((mappings) => this.#isDone(mappings))) return
      await this.#requests.send({ method: 'PUT', path: this.templatePath, body: this.template })
      if (current.length === 0) await this.#create()
      else await this.#extend(Object.assign({}, ...current.map(({ _meta }) => _meta)))
    } catch (error) {
      // Somebody else's task then; `check` says what is missing.
      if (answerOf(error) !== 403) throw error
    }
  }

  #isDone({ _meta }: IndexMappings): boolean {
    return _meta?.['arpeggio'] === this.#mark.arpeggio
  }

  /** Made by another process in the meantime, it is as good. */
  async #create(): Promise<void> {
    try {
      await this.#requests.send({ method: 'PUT', path: this.#requests.path(''), body: this.#index })
    } catch (error) {
      if (!String(error).includes('resource_already_exists')) throw error
    }
  }

  async #extend(meta: object): Promise<void> {
    const body = { ...this.addition, _meta: { ...meta, ...this.#mark } }
    await this.#requests.send({ method: 'PUT', path: this.#requests.path('_mapping'), body })
  }

  get #mark(): { readonly arpeggio: string } {
    return { arpeggio: this.#options.isNative ? '1, native' : '1, text' }
  }
}

const dates = { '@timestamp': { type: 'date' }, expiresAt: { type: 'date' } } as const
