import { aborted } from './errors.ts'

/** Ends as soon as the signal says so. What was sent goes on: a write may still be applied. */
export function abortable<Answer>(work: Promise<Answer>, signal: AbortSignal): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(aborted(signal))
    const settled = (): void => signal.removeEventListener('abort', onAbort)
    signal.addEventListener('abort', onAbort, { once: true })
    work.then(resolve, reject).finally(settled)
  })
}
