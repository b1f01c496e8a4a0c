import type { Backend, CallOptions, Key } from '@arpeggio/core'

/** Every operation of a backend, its abilities' included, by name. */
export function operationsOf(
  backend: Backend,
  key: Key,
  options?: CallOptions,
): Readonly<Record<string, () => Promise<unknown>>> {
  const { presence, bulk, guard, notifications, revision, scan, cleanup, clock, check } = backend
  return {
    get: () => backend.get(key, options),
    mget: () => backend.mget([key], options),
    set: () => backend.set({ key, value: 'one' }, options),
    delete: () => backend.delete([key], options),
    ...(presence && { 'presence.exists': () => presence.exists([key], options) }),
    ...(bulk && { 'bulk.set': () => bulk.set([{ key, value: 'one' }], options) }),
    ...(guard && { 'guard.set': () => guard.set({ key, value: '{"status": "STARTED"}', keep: ['SUCCESS'] }, options) }),
    ...(notifications && { 'notifications.open': () => notifications.open(() => {}, options) }),
    ...(revision && { 'revision.get': () => revision.get(options) }),
    ...(scan && { 'scan.keys': () => scan.keys(key, options) }),
    ...(cleanup && { 'cleanup.run': () => cleanup.run({ ...options, limit: 1 }) }),
    ...(clock && { 'clock.now': () => clock.now(options) }),
    ...(check && { 'check.run': () => check.run(options) }),
  }
}
