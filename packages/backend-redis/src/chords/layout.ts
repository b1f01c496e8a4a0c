/** How Celery keeps the parts of chords: `result_chord_ordered`, the same for all who return parts. */
export interface Layout {
  /** Sets `count`, the number of parts. */
  readonly counts: string
  /** Sets `outcome` where the task has filled the slot before, with whatever value. Needs `name`, `score` and `mode`. */
  readonly repeats: string
  /** Adds ARGV 2 under `score`. */
  readonly adds: string
  /** Answers a page: ARGV 1 'rank' or 'score', or 'members' for those alone by rank, and their key, 2 from, 3 to, exclusive. Needs `key`. */
  readonly page: string
  /** The command that reads members by rank. */
  readonly range: 'zrange' | 'lrange'
}

/**
 * A sorted set, by slot. Peers put several tasks into one slot: then the bare beginning of the part's own members finds them,
 * however many there are. The same task may fill another slot with the same words, which a set would take for one: readers
 * skip the first number.
 */
export const ordered: Layout = {
  counts: `local count = redis.call('ZCARD', KEYS[1])`,
  repeats: `
if redis.call('ZCOUNT', KEYS[1], score, score) > 0 then
  local there = redis.call('ZRANGEBYSCORE', KEYS[1], score, score, 'LIMIT', 0, 1)[1]
  if (string.find(there, name, 1, true) or 99) < 16 then
    outcome = 'duplicate'
  elseif mode == 'own' then
    return 'conflict'
  else
    local bare = '[1' .. name
    redis.call('ZADD', KEYS[1], score, bare)
    local rank = redis.call('ZRANK', KEYS[1], bare) + 1
    local other = redis.call('ZRANGE', KEYS[1], rank, rank, 'WITHSCORES')
    redis.call('ZREM', KEYS[1], bare)
    if other[1] and tonumber(other[2]) == tonumber(score) and string.sub(other[1], 1, #bare) == bare then
      outcome = 'duplicate'
    end
  end
end`,
  adds: `
if redis.call('ZADD', KEYS[1], 'NX', score, ARGV[2]) == 0 then
  redis.call('ZADD', KEYS[1], score, '[1.' .. (score == '+inf' and '0' or score) .. string.sub(ARGV[2], 3))
end`,
  page: `
local command, to = 'ZRANGE', ARGV[3] - 1
if ARGV[1] == 'members' then return {redis.call('ZCARD', key), redis.call(command, key, ARGV[2], to), key} end
if ARGV[1] == 'score' then command, to = 'ZRANGEBYSCORE', '(' .. ARGV[3] end
return {redis.call('ZCARD', key), redis.call(command, key, ARGV[2], to, 'WITHSCORES')}`,
  range: 'zrange',
}

/**
 * A list, by arrival, in which nothing keeps repeats apart: the ids of what peers have put there since the last look go into
 * a set beside it, and what is in there already leaves the list.
 */
const indexes = `
local seen = tonumber(redis.call('HGET', KEYS[2], 'seen') or '0')
for _, member in ipairs(redis.call('LRANGE', KEYS[1], seen, -1)) do
  local id = string.match(member, '^%[[%d.]+,%s*(".-"),')
  if id and redis.call('SADD', base .. 'i', id) == 0 then
    redis.call('LREM', KEYS[1], -1, member)
  else
    seen = seen + 1
  end
end
redis.call('HSET', KEYS[2], 'seen', seen)`

export const unordered: Layout = {
  counts: `
${indexes}
local count = seen
redis.call('EXPIRE', base .. 'i', redis.call('HGET', KEYS[2], 'life') or 86400)`,
  repeats: `
${indexes}
if redis.call('SADD', base .. 'i', string.sub(name, 3, -3)) == 0 then outcome = 'duplicate' end`,
  adds: `
redis.call('RPUSH', KEYS[1], ARGV[2])
redis.call('HINCRBY', KEYS[2], 'seen', 1)`,
  page: `
local found = redis.call('LRANGE', key, ARGV[2], ARGV[3] - 1)
if ARGV[1] == 'members' then return {redis.call('LLEN', key), found, key} end
local parts = {}
for at, member in ipairs(found) do
  parts[2 * at - 1] = member
  parts[2 * at] = tostring(ARGV[2] + at - 1)
end
return {redis.call('LLEN', key), parts}`,
  range: 'lrange',
}
