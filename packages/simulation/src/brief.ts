/** Shortens what stands in a trace: ids to their beginning, long lists to their ends, records to what changes in them. */
export function brief(line: string): string {
  return line
    .replace(recordText, (text) => briefRecord(text))
    .replace(/\b(?<head>[0-9a-f]{4})[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/gu, '$<head>')
    .replace(/"date_done": ?"[^"]*", ?/gu, '')
    .replace(/"traceback": ?"(?:[^"\\]|\\.)*"/gu, '"traceback":"…"')
    .replace(/x{20,}/gu, 'x…')
    .replace(/arpeggio-chord-/gu, '')
    .replace(/celery-task-meta-/gu, 'meta-')
}

/** Names the first and the last of many. */
export function several(items: readonly string[], join: string): string {
  const { length } = items
  return length <= 8 ? items.join(join) : `${items.slice(0, 6).join(join)}${join}… ${items.at(-1)} (${length})`
}

const recordText = /\{"id":"[^"]*","state".*?"attempt".*\}|\{"id":.*"rev":.*\}/u

const shown = new Set(['state', 'size', 'why', 'attempt', 'adds', 'decision', 'lease', 'trouble', 'rev'])

function briefRecord(text: string): string {
  try {
    const record = Object.entries(JSON.parse(text) as object).filter(([name]) => shown.has(name))
    const parts = record.map(([name, value]) => `${name} ${typeof value === 'string' ? value : JSON.stringify(value)}`)
    return `{${parts.filter((part) => !/ (?:null|\{\})$/u.test(part)).join(', ')}}`
  } catch {
    return text
  }
}
