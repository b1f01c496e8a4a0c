import { createHash } from 'node:crypto'

/** A Lua script with the digest by which the server knows it. */
export interface Script {
  readonly source: string
  readonly digest: string
}

export function script(source: string): Script {
  return { source, digest: createHash('sha1').update(source).digest('hex') }
}

/** The commands that tell the subscribers of a key. */
export type Publish = 'PUBLISH' | 'SPUBLISH'

/**
 * What stands on a key's channel after a delete. Celery's waiters read it as a document in no final state and wait on;
 * anything that is no document would end them.
 */
export const DELETED = '{"status": "PENDING"}'

export interface Scripts {
  readonly guard: Script
  readonly set: Script
  readonly delete: Script
  readonly exists: Script
}

/**
 * Ends a script with 'kept' or 'undecided' and the stored value where that is one to keep, or may be. Needs its `head`, and
 * takes the states to keep from ARGV. The pattern is that of core's `stateOf`: what the head does not tell for sure is undecided.
 */
export function keeps(key: string, firstState: number): string {
  return `
  local state = string.match(head, '^%s*{%s*"status"%s*:%s*"([^"\\\\%c\\128-\\255]+)"')
  if not state or #state > 100 then return {'undecided', redis.call('GET', ${key})} end
  for index = ${firstState}, #ARGV do
    if ARGV[index] == state then return {'kept', redis.call('GET', ${key})} end
  end`
}

/** Writes a value for so many milliseconds, or for ever. */
export function puts(key: string, value: string, life: string): string {
  return `
  if ${life} == '' then
    redis.call('SET', ${key}, ${value})
  else
    redis.call('SET', ${key}, ${value}, 'PX', ${life})
  end`
}

/**
 * Writes unless the stored state is one to keep. KEYS: the key. ARGV: value, lifetime in milliseconds or '', states to keep.
 * Nil when it wrote, else 'kept' or 'undecided' with the stored value, which is read whole only then.
 */
const guard = (publish: Publish): Script =>
  script(`
local head = redis.call('GETRANGE', KEYS[1], 0, 199)
if head == '' then
  if redis.call('EXISTS', KEYS[1]) == 1 then return {'undecided', ''} end
else
  ${keeps('KEYS[1]', 3)}
end
${puts('KEYS[1]', 'ARGV[1]', 'ARGV[2]')}
redis.call('${publish}', KEYS[1], ARGV[1])
return nil
`)

/**
 * Writes each key if its condition holds. ARGV for each of KEYS: value, lifetime in milliseconds or '', condition: '' for
 * none, 'absent', or a version (see version.ts). Answers for each '1', '0' when the condition did not hold, or its error.
 */
const set = (publish: Publish): Script =>
  script(`
local function holds(key, condition)
  if condition == '' then return true end
  if condition == 'absent' then return redis.call('EXISTS', key) == 0 end
  local old = redis.call('GET', key)
  if old == false then return false end
  if string.sub(condition, 1, 1) == '=' then return old == string.sub(condition, 2) end
  return condition == '#' .. redis.sha1hex(old)
end
local function write(index)
  local key, value, life, condition = KEYS[index], ARGV[3 * index - 2], ARGV[3 * index - 1], ARGV[3 * index]
  if not holds(key, condition) then return '0' end
  ${puts('key', 'value', 'life')}
  redis.call('${publish}', key, value)
  return '1'
end
local outcomes = {}
for index = 1, #KEYS do
  local isDone, outcome = pcall(write, index)
  if not isDone and type(outcome) == 'table' then outcome = outcome.err end
  outcomes[index] = isDone and outcome or tostring(outcome)
end
return outcomes
`)

/** Removes keys, and tells the subscribers of those that were there. */
const remove = (publish: Publish): Script =>
  script(`
for _, key in ipairs(KEYS) do
  if redis.call('UNLINK', key) == 1 then redis.call('${publish}', key, '${DELETED}') end
end
return nil
`)

/** A digit for each key: whether it is there. */
const exists = script(`
local answers = {}
for index, key in ipairs(KEYS) do answers[index] = redis.call('EXISTS', key) end
return table.concat(answers)
`)

export function scripts(publish: Publish): Scripts {
  return { guard: guard(publish), set: set(publish), delete: remove(publish), exists }
}
