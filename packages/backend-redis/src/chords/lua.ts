import { type Script, script } from '../scripts.ts'

/**
 * What the scripts over chords share, as text that is put into them. KEYS of all of them: 1 `.j` the parts, 2 `.f` our
 * record. What there is beside peers alone is named by `base` instead, for each key costs a part: `.t` what was added, `.s`
 * the size, `.p` the parts once they are fixed, `.i` the ids in a list of parts. A cluster has no peers, and there a key that is
 * not declared must not even be asked for: while its slot is on its way the server would break the script off.
 * `.j`, `.t` and `.s` are Celery's. Lua here opens no function on the way of an ordinary part: a closure costs as much as a command.
 */

/** A script over the keys of one chord. */
export function chordScript(source: string): Script {
  return script(`local base = string.sub(KEYS[1], 1, -2)\n${source}`)
}

/**
 * What Celery keeps beside them since 5.7, for a chord that it may fire: whose part is counted, and for as long as it lives
 * who fires.
 */
export const countedByPeer = `base .. 'd'`
export const claimOfPeer = `base .. 'c'`

/** Celery adds `.t` to the size, and fires when that is how many parts there are: with this much it never is. */
export const captured: number = 2 ** 40

/** Less is never captured. More than any number of parts, and far less than what captures. */
export const capturedFrom: number = 2 ** 39

/** Puts what was added into `added`, and captures again what somebody has evicted. Needs `mode`. */
export const added: string = `
local added = tonumber(redis.call('GET', base .. 't') or '0')
if mode == 'captured' then
  if added < ${capturedFrom} then
    local own = tonumber(redis.call('HGET', KEYS[2], 'add') or '0')
    redis.call('SET', base .. 't', string.format('%.0f', ${captured} + own), 'EX', redis.call('HGET', KEYS[2], 'life'))
    added = own
  else
    added = added - ${captured}
  end
end`

/**
 * The parts are fixed. Beside peers, nobody else can fire any more, nor change what the body is called with: a peer that
 * finds no size stops, and later parts go into another key. Needs `mode`, `why` and `target`.
 */
export const freeze = `
if mode ~= 'own' then
  redis.call('DEL', base .. 't', base .. 's', base .. 'i')
  if redis.call('EXISTS', KEYS[1]) == 1 then
    redis.call('RENAME', KEYS[1], base .. 'p')
    redis.call('EXPIRE', base .. 'p', redis.call('HGET', KEYS[2], 'life'))
  end
end
redis.call('HSET', KEYS[2], 'due', why, 'size', target)`

/** Nothing may bring a chord back that is over. Needs `mode`. */
export const removes = `
redis.call('UNLINK', KEYS[1])
if mode ~= 'own' then redis.call('UNLINK', base .. 't', base .. 's', base .. 'p', base .. 'i') end`

/** A peer has fired: what is left of the chord is a tombstone. Needs `now` and `mode`. */
export const peerFired: string = `
${removes}
redis.call('HSET', KEYS[2], 'st', 'done', 'why', 'peer', 'nonce', 'peer.' .. now)
redis.call('HDEL', KEYS[2], 'lease')
redis.call('EXPIRE', KEYS[2], redis.call('HGET', KEYS[2], 'grave'))`

/** A record as it is answered. Needs `mode`. */
export const whole = `{redis.call('HGETALL', KEYS[2]), mode ~= 'own' and redis.call('GET', base .. 't')}`

/** A peer gives the size late, and may give a smaller one: the largest that was seen counts. Needs `st` and `size`. */
export const learnSize = `
local stored = tonumber(redis.call('GET', base .. 's'))
size = tonumber(size)
if stored and (not size or stored > size) and redis.call('HGET', KEYS[2], 'foreign') then
  size = stored
  st = 'sealed'
  redis.call('HSET', KEYS[2], 'size', size, 'st', st)
end
if stored and st == 'sealed' and stored ~= size then
  redis.call('SET', base .. 's', size, 'KEEPTTL')
  redis.call('HINCRBY', KEYS[2], 'fixed', 1)
end`
