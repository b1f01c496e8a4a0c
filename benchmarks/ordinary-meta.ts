import { buildTaskMeta } from '@arpeggio/core'

/** What a task of an ordinary application returns: a small record. */
export function ordinaryResult(index: number): unknown {
  return { path: `reports/2026/${index}.pdf`, bytes: 40_000 + index, pages: index % 90, tags: ['invoice', 'paid'] }
}

export function ordinaryId(index: number): string {
  return `id-${index}`
}

/** Where its document is stored. */
export function ordinaryKey(index: number): string {
  return `celery-task-meta-${ordinaryId(index)}`
}

/** The document that is stored for it. */
export function ordinaryMeta(id: string, index: number): Record<string, unknown> {
  return buildTaskMeta({ id, state: 'SUCCESS', result: ordinaryResult(index) })
}

export function encodedMeta(index: number): string {
  return JSON.stringify(ordinaryMeta(ordinaryId(index), index))
}
