import { hash } from 'node:crypto'

/**
 * The UUID of a name within a namespace, version 5 of RFC 9562: the same for the same two, and different else.
 * A namespace that is not a UUID itself is first given one.
 */
export function uuidV5(namespace: string, name: string): string {
  return derived(namespaceBytes(namespace), name)
}

/** The 16 bytes of a namespace, for whoever derives many names from one. */
export function namespaceBytes(namespace: string): Uint8Array {
  const uuid = UUID.test(namespace) ? namespace : derived(bytesOf(TEXTS), namespace)
  return bytesOf(uuid)
}

export function derived(namespace: Uint8Array, name: string): string {
  const hex = hash('sha1', Buffer.concat([namespace, Buffer.from(name)]), 'hex')
  const variant = ((Number.parseInt(hex.charAt(16), 16) & 0x3) | 0x8).toString(16)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}

// In lower case only: ids that differ in case are different ids.
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
// The namespace of all texts that are no UUIDs: drawn once, at random.
const TEXTS = '4289e7f8-8cc4-49af-bd14-14b161c09e50'

function bytesOf(uuid: string): Uint8Array {
  return Buffer.from(uuid.replaceAll('-', ''), 'hex')
}
