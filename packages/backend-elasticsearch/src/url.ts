import { misconfigured } from './errors.ts'

/** What Celery reads from an address. */
export interface Address {
  /** Scheme, host and port. */
  readonly node: string
  readonly username?: string
  readonly password?: string
  readonly index?: string
  readonly docType?: string
}

const scheme = /^(?:elasticsearch\+)?(?<name>elasticsearch|https?):\/\//iu

/** Reads an address by Celery's rules: what it leaves out is `http`, `localhost` and 9200, and a query says nothing. */
export function addressOf(url: string): Address {
  const { name } = scheme.exec(url)?.groups ?? {}
  if (name === undefined) throw misconfigured('Not an address of Elasticsearch: elasticsearch://host:9200/index is one')
  const { hostname, port, username, password, pathname } = parse(url.replace(scheme, 'elasticsearch://'))
  const protocol = name.toLowerCase() === 'https' ? 'https' : 'http'
  return {
    node: `${protocol}://${hostname || 'localhost'}:${port || '9200'}`,
    ...(username && password && { username: decoded(username), password: decoded(password) }),
    ...placeOf(decoded(pathname)),
  }
}

/** What is behind the index is the type of its documents. */
function placeOf(path: string): Pick<Address, 'index' | 'docType'> {
  const [index, ...docType] = path.replaceAll(/^\/+|\/+$/gu, '').split('/')
  return { ...(index && { index }), ...(docType.length > 0 && { docType: docType.join('/') }) }
}

/** As an unknown scheme, because a known one has rules of its own about what may be left out. */
function parse(url: string): URL {
  try {
    return new URL(url)
  } catch (error) {
    throw misconfigured(
      'The address of Elasticsearch cannot be read: one host, a port that is a number, and no other character unescaped',
      error,
    )
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch (error) {
    throw misconfigured('The address has a % that is no percent-encoding', error)
  }
}
