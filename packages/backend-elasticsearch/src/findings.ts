import type { CallOptions, Finding } from '@arpeggio/core'
import { isMissing } from './errors.ts'
import type { IndexMappings, IndexSetUp } from './index-set-up.ts'
import type { IndexRequests } from './index-requests.ts'

interface Described {
  readonly mappings?: IndexMappings
  readonly settings?: { readonly index?: { readonly blocks?: Readonly<Record<string, string>> } }
}

/** What is not as it should be about an index and what it is made from. */
export async function findings(
  requests: IndexRequests,
  setUp: IndexSetUp,
  options?: CallOptions,
): Promise<readonly Finding[]> {
  const { index } = requests
  const template = await found(requests, setUp.templatePath, options)
  const missing: Finding = {
    problem: `there is no index template for ${index}: made anew by a write, the index would analyse every result and get fields from it`,
    remedy: `PUT ${setUp.templatePath} ${JSON.stringify(setUp.template)}`,
  }
  const indices = (await found<Record<string, Described>>(requests, requests.path(''), options)) ?? {}
  const own = Object.entries(indices).flatMap(([name, described]) => findingsOf(name, described, setUp))
  return template === undefined ? [missing, ...own] : own
}

function findingsOf(name: string, { mappings = {}, settings }: Described, setUp: IndexSetUp): readonly Finding[] {
  const blocks = Object.entries(settings?.index?.blocks ?? {}).filter(([, value]) => value === 'true')
  return [...mappingFindings(name, mappings, setUp), ...blocks.map(([block]) => blocked(name, block))]
}

function mappingFindings(name: string, { properties, dynamic = true }: IndexMappings, setUp: IndexSetUp): Finding[] {
  const remedy = `PUT /${name}/_mapping ${JSON.stringify(setUp.addition)}`
  const { result, expiresAt } = properties ?? {}
  const found: Finding[] = []
  if (expiresAt?.type !== 'date') {
    found.push({ problem: `${name} has no date expiresAt: cleanup finds nothing there`, remedy })
  }
  if (result?.type === 'text') {
    found.push({
      problem: `${name} analyses the whole text of every result, which nobody searches`,
      remedy: `make another index from the template, and copy the documents: POST /_reindex {"source":{"index":"${name}"},"dest":{"index":"…"}}`,
    })
  }
  if (String(dynamic) === 'true') {
    found.push({ problem: `${name} gets a field for every new member of a document`, remedy })
  }
  return found
}

function blocked(name: string, block: string): Finding {
  return {
    problem: `${name} takes no writes: index.blocks.${block} is set${block === 'read_only_allow_delete' ? ', as when a disk is full' : ''}`,
    remedy: `PUT /${name}/_settings {"index.blocks.${block}":null}`,
  }
}

async function found<Answer>(
  requests: IndexRequests,
  path: string,
  options: CallOptions | undefined,
): Promise<Answer | undefined> {
  try {
    return await requests.send<Answer>({ method: 'GET', path }, options)
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}
