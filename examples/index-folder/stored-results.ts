import { channel } from 'node:diagnostics_channel'
import type { TraceContext } from '@arpeggio/core'

const stored = channel('tracing:arpeggio.storeResult:asyncEnd')

/** Calls back for every task whose result this process finds stored. Answers with what ends that. */
export function onStored(callback: (id: string) => unknown): () => void {
  const listener = (message: unknown): void => {
    const { error, taskId } = message as TraceContext & { readonly error?: unknown } // as the channel is documented
    if (error === undefined && taskId !== undefined) callback(taskId)
  }
  stored.subscribe(listener)
  return () => stored.unsubscribe(listener)
}
