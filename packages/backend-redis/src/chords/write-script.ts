import type { Script } from '../scripts.ts'
import { type Layout, unordered } from './layout.ts'
import {
  added,
  captured,
  capturedFrom,
  chordScript,
  claimOfPeer,
  countedByPeer,
  freeze,
  learnSize,
  peerFired,
  removes,
  whole,
} from './lua.ts'

/**
 * Gives a chord its size. Where peers count it is told to them, unless all parts are there: then nobody else has fired, and
 * nobody else will.
 */
const seals = `
local life = redis.call('HGET', KEYS[2], 'life')
local low, ff = unpack(redis.call('HMGET', KEYS[2], 'low', 'ff'))
local target, before = size, mode ~= 'own' and tonumber(redis.call('GET', base .. 't') or '0') or 0
local isCaptured = before >= ${capturedFrom}
if mode ~= 'own' then target = target + before - (isCaptured and ${captured} or 0) end
redis.call('HSET', KEYS[2], 'size', size)
if ff and low and tonumber(low) < size then
  local why = 'failed'
  ${freeze}
elseif mode ~= 'own' and isThere(target) then
  local why = 'complete'
  ${freeze}
elseif mode ~= 'own' then
  redis.call('SET', base .. 's', size, 'EX', life)
  if mode == 'captured' and not isCaptured then redis.call('INCRBY', base .. 't', ${captured}) end
  redis.call('EXPIRE', base .. 't', life)
end`

const grows = `
if mode == 'own' then
  redis.call('HINCRBY', KEYS[2], 'size', size)
else
  redis.call('HINCRBY', KEYS[2], 'add', size)
  redis.call('INCRBY', base .. 't', size)
  redis.call('EXPIRE', base .. 't', redis.call('HGET', KEYS[2], 'life'))
end`

/**
 * Nobody who looks after a claim may change what it was made for. What is taken over from a peer stays where it is: if the
 * peer was only slow it still reads whole values, and by its deleting them we learn of it.
 */
const fixes = `
if why == 'complete' and mode == 'shared' then
  redis.call('HSET', KEYS[2], 'taken', 1, 'size', target, 'due', why)
  redis.call('DEL', base .. 's')
else
  ${freeze}
end`

/**
 * Writes a record. ARGV: 1 the nonce that it must have, or '' for none to be there, 2 the new nonce, 3 its lifetime in
 * seconds, 4 the act, 5 what the act needs: the size, how many are added, or the reason of a claim, 6 now in milliseconds,
 * 7 and on: fields. Answers the record as it is then; nil when the condition did not hold; 'sized' when a peer has given the
 * chord another size; 'over' when it takes no more parts.
 */
const write = ({ counts }: Layout): string => `
local function isThere(target)
  ${counts}
  return count >= target
end
local now = tonumber(ARGV[6])
local nonce, mode, due, inField = unpack(redis.call('HMGET', KEYS[2], 'nonce', 'm', 'due', 'size'))
if nonce == ARGV[2] then return ${whole} end
if (nonce or '') ~= ARGV[1] then return nil end
local act, size, why, target = ARGV[4], tonumber(ARGV[5]), ARGV[5], tonumber(inField or '0')
if not nonce then
  for index = 7, #ARGV, 2 do if ARGV[index] == 'm' then mode = ARGV[index + 1] end end
  if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('HSET', KEYS[2], 'early', '1') end
end
if act == 'seal' and mode ~= 'own' then
  local stored = tonumber(redis.call('GET', base .. 's'))
  if stored and stored ~= size then return 'sized' end
end
if act == 'grow' and due then return 'over' end
if act == 'claim' and not due then
  if mode ~= 'own' and inField then
    ${added}
    target = target + added
  end
  if why == 'complete' and not isThere(target) then return nil end
  if why == 'complete' and mode == 'shared' and redis.call('EXISTS', ${claimOfPeer}) == 1 then return nil end
end
if act == 'decide' and redis.call('HGET', KEYS[2], 'taken') and redis.call('EXISTS', KEYS[1]) == 0 then
  ${peerFired}
  return nil
end
redis.call('HSET', KEYS[2], 'nonce', ARGV[2], unpack(ARGV, 7))
redis.call('EXPIRE', KEYS[2], ARGV[3])
if act == 'seal' then
  ${seals}
elseif act == 'grow' then
  ${grows}
elseif act == 'claim' and not due then
  ${fixes}
elseif act == 'end' then
  ${removes}
  if mode ~= 'own' then redis.call('UNLINK', ${countedByPeer}) end
end
if act ~= 'end' and due then redis.call('EXPIRE', mode == 'own' and KEYS[1] or base .. 'p', ARGV[3]) end
return ${whole}
`

/**
 * A peer's chord of which nobody here has heard: its first record. ARGV: 1 its lifetime in seconds, 2 and on: fields. It is
 * captured only where no peer can be about to fire it.
 */
const begin = ({ counts }: Layout): string => `
if redis.call('EXISTS', KEYS[2]) == 1 then return nil end
redis.call('HSET', KEYS[2], unpack(ARGV, 2))
redis.call('EXPIRE', KEYS[2], ARGV[1])
if redis.call('HGET', KEYS[2], 'm') ~= 'captured' then return nil end
local size = tonumber(redis.call('GET', base .. 's'))
${counts}
if size and count >= size + tonumber(redis.call('GET', base .. 't') or '0') then
  redis.call('HSET', KEYS[2], 'm', 'shared')
else
  redis.call('INCRBY', base .. 't', ${captured})
  redis.call('EXPIRE', base .. 't', redis.call('HGET', KEYS[2], 'life'))
end
return nil
`

/** A record, and what peers have added to the chord. */
export const read: Script = chordScript(`
local st, size, mode = unpack(redis.call('HMGET', KEYS[2], 'st', 'size', 'm'))
if not st then return nil end
if st == 'open' and mode ~= 'own' then
  ${learnSize}
end
return ${whole}
`)

/**
 * Gives a captured chord back. Answers 1, or 0 where it is not captured, or complete already: then it is fired here. ARGV 1:
 * now in milliseconds.
 */
const release = ({ counts }: Layout): string => `
local st, mode, due, size = unpack(redis.call('HMGET', KEYS[2], 'st', 'm', 'due', 'size'))
if mode ~= 'captured' or due or (st ~= 'open' and st ~= 'sealed') then return 0 end
${added}
${counts}
if st == 'sealed' and count >= tonumber(size) + added then return 0 end
redis.call('DECRBY', base .. 't', ${captured})
redis.call('HSET', KEYS[2], 'm', 'shared')
return 1
`

const joinSets = `
for index = 3, #ARGV do redis.call('ZREM', base .. 'p', ARGV[index]) end
redis.call('ZUNIONSTORE', KEYS[1], 2, base .. 'p', KEYS[1])
redis.call('DEL', base .. 'p')`

const joinLists = `
for index = 3, #ARGV do redis.call('LREM', base .. 'p', -1, ARGV[index]) end
for _, member in ipairs(redis.call('LRANGE', KEYS[1], 0, -1)) do redis.call('RPUSH', base .. 'p', member) end
redis.call('DEL', base .. 'i')
redis.call('HDEL', KEYS[2], 'seen')
redis.call('RENAME', base .. 'p', KEYS[1])`

/**
 * Takes back a claim: what was counted was no other part. ARGV: 1 the nonce that the record must have, 2 the new one, 3 and
 * on: members that are repeats.
 */
const reopen = (isList: boolean): string => `
if redis.call('HGET', KEYS[2], 'nonce') ~= ARGV[1] then return nil end
local mode, size, life = unpack(redis.call('HMGET', KEYS[2], 'm', 'size', 'life'))
if mode ~= 'own' then
  ${isList ? joinLists : joinSets}
end
redis.call('EXPIRE', KEYS[1], life)
if mode ~= 'own' then redis.call('SET', base .. 's', size, 'EX', life) end
if mode == 'captured' then redis.call('SET', base .. 't', '${captured}', 'EX', life) end
redis.call('HSET', KEYS[2], 'st', 'sealed', 'nonce', ARGV[2], 'add', 0)
redis.call('HDEL', KEYS[2], 'due', 'lease')
redis.call('HINCRBY', KEYS[2], 'healed', #ARGV - 2)
return nil
`

export interface WriteScripts {
  readonly write: Script
  readonly begin: Script
  readonly reopen: Script
  readonly release: Script
}

export function writeScripts(layout: Layout): WriteScripts {
  return {
    write: chordScript(write(layout)),
    begin: chordScript(begin(layout)),
    reopen: chordScript(reopen(layout === unordered)),
    release: chordScript(release(layout)),
  }
}
