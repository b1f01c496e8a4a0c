/** One listener per signal, however many waits share it: a signal's own list is searched from its start on every removal. */
export class AbortListeners {
  readonly #bySignal: Map<AbortSignal, { readonly callbacks: Set<() => void>; readonly listener: () => void }> =
    new Map()

  add(signal: AbortSignal, callback: () => void): void {
    let shared = this.#bySignal.get(signal)
    if (shared === undefined) {
      const callbacks = new Set<() => void>()
      const listener = (): void => {
        this.#bySignal.delete(signal)
        for (const callback of callbacks) callback()
      }
      shared = { callbacks, listener }
      this.#bySignal.set(signal, shared)
      signal.addEventListener('abort', listener, { once: true })
    }
    shared.callbacks.add(callback)
  }

  remove(signal: AbortSignal, callback: () => void): void {
    const shared = this.#bySignal.get(signal)
    if (shared === undefined || !shared.callbacks.delete(callback) || shared.callbacks.size > 0) return
    this.#bySignal.delete(signal)
    signal.removeEventListener('abort', shared.listener)
  }
}
