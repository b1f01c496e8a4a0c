import { BackendError, type Codec, decodeJson, encodeJson, type Value } from '@arpeggio/core'
import {
  type CreateNodeOptions,
  type DocumentOptions,
  type ParseOptions,
  parseDocument,
  type SchemaOptions,
  stringify,
  type ToStringOptions,
} from 'yaml'
import { pythonTags } from './python-tags.ts'

/** YAML that Celery reads and writes: the types of PyYAML's safe loader, and none that would run code. */
export const yamlCodec: Codec = {
  name: 'yaml',
  contentType: 'application/x-yaml',
  contentEncoding: 'utf-8',

  encode(value) {
    // Through JSON, so that what can be stored, and what becomes of it, is the same with every codec.
    return escaped(stringify(decodeJson(encodeJson(value)), WRITING))
  },

  decode(value) {
    try {
      const document = parseDocument(textOf(value), READING)
      const problem = document.errors[0] ?? document.warnings[0]
      if (problem !== undefined) throw problem
      return document.toJS({ maxAliasCount: 1_000 })
    } catch (cause) {
      throw new BackendError('unreadable', 'The stored text is no YAML that Celery writes', { cause })
    }
  },
}

// The names of the versions differ in what plain words mean; the tags say it as PyYAML has it.
const READING = {
  version: '1.1',
  schema: 'failsafe',
  customTags: [...pythonTags],
  logLevel: 'silent',
  prettyErrors: false,
  stringKeys: true,
} satisfies ParseOptions & DocumentOptions & SchemaOptions

/** Every text in quotes, because PyYAML and others do not agree on which plain words are text. */
const WRITING = {
  ...READING,
  aliasDuplicateObjects: false,
  collectionStyle: 'flow',
  defaultKeyType: 'QUOTE_DOUBLE',
  defaultStringType: 'QUOTE_DOUBLE',
  doubleQuotedAsJSON: true,
  lineWidth: 0,
} satisfies typeof READING & CreateNodeOptions & ToStringOptions

/** PyYAML refuses what it holds for unprintable, and whatever is not ASCII stands in double quotes here. */
function escaped(text: string): string {
  return text.replaceAll(/[^\n -~]/gu, (character) => {
    const code = (character.codePointAt(0) ?? 0).toString(16)
    return code.length > 4 ? `\\U${code.padStart(8, '0')}` : `\\u${code.padStart(4, '0')}`
  })
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

function textOf(value: Value): string {
  return typeof value === 'string' ? value : utf8.decode(value)
}
