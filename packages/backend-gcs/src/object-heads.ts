import { chordFamily } from './chord-keys.ts'
import type { Requests } from './requests.ts'

/** What an object is without its content. */
export interface Head {
  readonly generation: string
  readonly expiresAt?: Date
}

export interface HeadPage {
  readonly heads: ReadonlyMap<string, Head>
  readonly token?: string
}

export interface PageOptions {
  readonly prefix: string
  readonly startOffset?: string
  readonly endOffset?: string
  readonly limit?: number
  readonly token?: string
}

interface ObjectResource {
  readonly name: string
  readonly generation: string
  readonly customTime?: string
}

/** A page of a list costs as much as a dozen of single reads, and tells of a thousand objects. */
const readsPerPage = 12

/** Generations and expiries of objects, also of such that have expired. */
export class ObjectHeads {
  readonly #requests: Requests
  readonly #bucket: string

  constructor(requests: Requests, bucket: string) {
    this.#requests = requests
    this.#bucket = `/storage/v1/b/${encodeURIComponent(bucket)}/o`
  }

  pathOf(name: string): string {
    return `${this.#bucket}/${encodeURIComponent(name)}`
  }

  async one(name: string): Promise<Head | undefined> {
    const { status, body } = await this.#requests.read({
      method: 'GET',
      path: this.pathOf(name),
      query: { fields: 'generation,customTime' },
      what: 'reading',
      expected: [404],
    })
    return status === 404 ? undefined : headOf(JSON.parse(Buffer.from(body).toString()) as ObjectResource) // as documented
  }

  /** In the order of the names. */
  async many(names: readonly string[]): Promise<readonly (Head | undefined)[]> {
    const families = Map.groupBy(new Set(names), (name) => chordFamily(name))
    const found = new Map<string, Head | undefined>()
    await Promise.all(
      [...families].map(async ([prefix, members]) => {
        const isList = prefix !== '' && members.length > readsPerPage
        const rest = isList ? await this.#list(prefix, members.toSorted(byBytes), found) : members
        await Promise.all(rest.map(async (name) => found.set(name, await this.one(name))))
      }),
    )
    return names.map((name) => found.get(name))
  }

  async page({ prefix, startOffset, endOffset, limit = 1_000, token = '' }: PageOptions): Promise<HeadPage> {
    const body = await this.#requests.json<{ items?: readonly ObjectResource[]; nextPageToken?: string }>({
      method: 'GET',
      path: this.#bucket,
      query: {
        prefix,
        ...(startOffset !== undefined && { startOffset }),
        ...(endOffset !== undefined && { endOffset }),
        maxResults: String(limit),
        ...(token !== '' && { pageToken: token }),
        fields: 'items(name,generation,customTime),nextPageToken',
      },
      what: 'listing',
    })
    const heads = new Map(body.items?.map((item) => [item.name, headOf(item)]))
    return body.nextPageToken === undefined || body.nextPageToken === ''
      ? { heads }
      : { heads, token: body.nextPageToken }
  }

  /** Lists as long as that is cheaper than reading what is left. Resolves to the names that no page has come to. */
  async #list(
    prefix: string,
    names: readonly string[],
    found: Map<string, Head | undefined>,
  ): Promise<readonly string[]> {
    const range = { prefix, startOffset: names[0] ?? prefix, endOffset: `${names.at(-1) ?? prefix}!` }
    let left = names
    for (let token: string | undefined, pages = 1; left.length > 0; pages += 1) {
      const page: HeadPage = await this.page(token === undefined ? range : { ...range, token })
      const last = [...page.heads.keys()].at(-1)
      token = page.token
      const isTold = (name: string): boolean => token === undefined || (last !== undefined && byBytes(name, last) <= 0)
      for (const name of left) if (isTold(name)) found.set(name, page.heads.get(name))
      left = left.filter((name) => !isTold(name))
      if (pages * readsPerPage >= names.length) break
    }
    return left
  }
}

function headOf({ generation, customTime }: ObjectResource): Head {
  return customTime === undefined ? { generation } : { generation, expiresAt: new Date(customTime) }
}

/** The order of the service: that of the bytes in UTF-8. */
function byBytes(one: string, other: string): number {
  return Buffer.compare(Buffer.from(one), Buffer.from(other))
}
