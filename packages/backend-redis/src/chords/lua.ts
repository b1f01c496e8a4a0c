/**
 * What the scripts over chords share, as text that is put into them. KEYS of all of them: 1 `.j` the parts, 2 `.t` what was
 * added, 3 `.s` the size, 4 `.f` our record, 5 `.p` the parts once they are fixed, 6 `.i` the ids in a list of parts.
 * The first three are Celery's. Lua here opens no function on the way of an ordinary part: a closure costs as much as a command.
 */

/**
 * What Celery keeps beside them since 5.7, for a chord that it may fire: whose part is counted, and for as long as it lives
 * who fires. A cluster has neither.
 */
export const countedByPeer = `string.sub(KEYS[3], 1, -2) .. 'd'`
export const claimOfPeer = `string.sub(KEYS[3], 1, -2) .. 'c'`

/** Celery adds `.t` to the size, and fires when that is how many parts there are: with this much it never is. */
export const captured: number = 2 ** 40

/** Less is never captured. More than any number of parts, and far less than what captures. */
export const capturedFrom: number = 2 ** 39

/** Puts what was added into `added`, and captures again what somebody has evicted. Needs `mode`. */
export const added: string = `
local added = tonumber(redis.call('GET', KEYS[2]) or '0')
if mode == 'captured' then
  if added < ${capturedFrom} then
    local own = tonumber(redis.call('HGET', KEYS[4], 'add') or '0')
    redis.call('SET', KEYS[2], string.format('%.0f', ${captured} + own), 'EX', redis.call('HGET', KEYS[4], 'life'))
    added = own
  else
    added = added - ${captured}
  end
end`

/**
 * Nobody else can fire any more, nor change what the body is called with: a peer that finds no size stops, and later parts
 * go into another key. Needs `why` and `target`.
 */
export const freeze = `
redis.call('DEL', KEYS[2], KEYS[3], KEYS[6])
if redis.call('EXISTS', KEYS[1]) == 1 then
  redis.call('RENAME', KEYS[1], KEYS[5])
  redis.call('EXPIRE', KEYS[5], redis.call('HGET', KEYS[4], 'life'))
end
redis.call('HSET', KEYS[4], 'due', why, 'size', target)`

/** A peer has fired: what is left of the chord is a tombstone. Needs `now`. */
export const peerFired = `
redis.call('UNLINK', KEYS[1], KEYS[2], KEYS[3], KEYS[6])
redis.call('HSET', KEYS[4], 'st', 'done', 'why', 'peer', 'nonce', 'peer.' .. now)
redis.call('HDEL', KEYS[4], 'lease')
redis.call('EXPIRE', KEYS[4], redis.call('HGET', KEYS[4], 'grave'))`

/** A record as it is answered. */
export const whole = `{redis.call('HGETALL', KEYS[4]), redis.call('GET', KEYS[2])}`

/** A peer gives the size late, and may give a smaller one: the largest that was seen counts. Needs `st` and `size`. */
export const learnSize = `
local stored = tonumber(redis.call('GET', KEYS[3]))
size = tonumber(size)
if stored and (not size or stored > size) and redis.call('HGET', KEYS[4], 'foreign') then
  size = stored
  st = 'sealed'
  redis.call('HSET', KEYS[4], 'size', size, 'st', st)
end
if stored and st == 'sealed' and stored ~= size then
  redis.call('SET', KEYS[3], size, 'KEEPTTL')
  redis.call('HINCRBY', KEYS[4], 'fixed', 1)
end`
