import type { Backend } from './backend.ts'

/**
 * A backend that answers as `backend` does but for `overrides`. Abilities are kept unless overridden; override one with
 * `undefined` to hide it. Methods are called on the original, so a class with private fields can be wrapped.
 */
export function wrap(backend: Backend, overrides: BackendOverrides): Backend {
  return new Proxy(backend, {
    get(target, property) {
      if (Object.hasOwn(overrides, property)) return Reflect.get(overrides, property)
      const member: unknown = Reflect.get(target, property, target)
      return typeof member === 'function' ? member.bind(target) : member
    },
    has: (target, property) =>
      Object.hasOwn(overrides, property)
        ? Reflect.get(overrides, property) !== undefined
        : Reflect.has(target, property),
  })
}

export type BackendOverrides = { readonly [Member in keyof Backend]?: Backend[Member] | undefined }
