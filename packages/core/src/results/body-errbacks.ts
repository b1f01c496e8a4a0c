import { freeze } from '../canvas/freeze.ts'
import type { Frozen } from '../canvas/frozen.ts'
import { group } from '../canvas/group.ts'
import { DerivedIds } from '../canvas/id-source.ts'
import { withIds } from '../canvas/ids.ts'
import { signatureFromData } from '../canvas/signature-from-data.ts'
import { encodeJson } from '../wire/json.ts'
import { decodeSignatureData, type SignatureData } from '../wire/signature-data.ts'

/** The error callbacks of a chord's body, under ids of their own, so that publishing them again is the same. */
export function bodyErrbacks(chord: string, body: SignatureData, bodyId: string): Frozen | undefined {
  const errbacks = errbacksOf(body).map((data) => signatureFromData(data))
  if (errbacks.length === 0) return undefined
  const all = withIds(group(errbacks), { ids: new DerivedIds(chord).child('errbacks') })
  const frozen = freeze(all, { args: [bodyId], parentId: bodyId, rootId: bodyId })
  return { ...frozen, messages: frozen.messages.map((message) => Object.assign({ bodyOf: chord }, message)) }
}

// The builders give an errback to every step or member; it is called once for all of them.
function errbacksOf(body: SignatureData): readonly SignatureData[] {
  const own: unknown = body.options['link_error']
  const errbacks = (Array.isArray(own) ? own : [own]).filter(Boolean).map(decodeSignatureData)
  const { tasks, body: inner } = body.subtask_type === null ? {} : (body.kwargs as Parts)
  const within = [...(tasks ?? []), ...(inner ? [inner] : [])].flatMap((part) => errbacksOf(decodeSignatureData(part)))
  const all = [...errbacks, ...within]
  return [...new Map(all.map((data) => [encodeJson(data), data])).values()]
}

/** What composite signatures keep in their keyword arguments. */
interface Parts {
  readonly tasks?: readonly unknown[]
  readonly body?: unknown
}
