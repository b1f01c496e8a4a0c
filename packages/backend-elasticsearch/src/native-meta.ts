import { decodeJson, encodeJson } from '@arpeggio/core'

type Members = Readonly<Record<string, unknown>>

/** These two stay text inside the object, unless Python takes them for false. */
const texts = ['result', 'traceback'] as const

/** Members that are found by what they say. */
export const words = ['status', 'task_id', 'group_id', 'parent_id', 'name', 'worker', 'queue'] as const

/** The object that Celery stores for a document, or nothing for what is no document of its. */
export function nativeOf(text: string): Members | undefined {
  const meta = readObject(text)
  if (meta === undefined || !('status' in meta || 'result' in meta) || !words.every((name) => isWord(meta[name]))) {
    return undefined
  }
  const native: Record<string, unknown> = { ...meta }
  for (const name of texts) if (isTrue(meta[name])) native[name] = encodeJson(meta[name], { exact: true })
  return native
}

/** The document that a stored object stands for. */
export function textOfNative(native: object): string {
  const meta: Record<string, unknown> = { ...native }
  for (const name of texts) if (name in meta) meta[name] = readText(meta[name])
  return encodeJson(meta)
}

function readObject(text: string): Members | undefined {
  try {
    const value = decodeJson(text, { mode: 'lossless' })
    const isPlain = typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
    return isPlain ? (value as Members) : undefined // the line above
  } catch {
    return undefined
  }
}

/** Text that is no JSON is somebody else's, and stays text. */
function readText(value: unknown): unknown {
  if (typeof value !== 'string' || value === '') return value
  try {
    return decodeJson(value, { mode: 'lossless' })
  } catch {
    return value
  }
}

function isWord(value: unknown): boolean {
  return value === undefined || value === null || typeof value === 'string'
}

/** As Python sees it. Numbers come as `PyFloat` when they are floats. */
function isTrue(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return Boolean(value)
  if (Array.isArray(value)) return value.length > 0
  return 'valueOf' in value && typeof value.valueOf() === 'number'
    ? value.valueOf() !== 0
    : Object.keys(value).length > 0
}
