import { keeps, type Publish, puts, type Script } from '../scripts.ts'
import type { Layout } from './layout.ts'
import { added, chordScript, freeze, learnSize, peerFired, removes, whole } from './lua.ts'

/**
 * Stores the part's own result unless the stored state takes precedence, which ends the script with 'kept' or 'undecided'
 * and what is stored. An ordinary result is the first, so that is tried before anything is read.
 */
const store = (publish: Publish): string => `
if #ARGV > 7 then
  local isNew
  if ARGV[9] == '' then
    isNew = redis.call('SET', KEYS[3], ARGV[8], 'NX')
  else
    isNew = redis.call('SET', KEYS[3], ARGV[8], 'PX', ARGV[9], 'NX')
  end
  if not isNew then
    local head = redis.call('GETRANGE', KEYS[3], 0, 199)
    ${keeps('KEYS[3]', 10)}
    ${puts('KEYS[3]', 'ARGV[8]', 'ARGV[9]')}
  end
  redis.call('${publish}', KEYS[3], ARGV[8])
end`

/** A chord that is decided takes no part, and a repeat leaves nothing. Whoever lost the answer to his claim is told again. */
const over = `
if st and st ~= 'open' and st ~= 'sealed' then
  if st == 'done' then ${removes} end
  if st == 'dispatching' and redis.call('HGET', KEYS[2], 'nonce') == string.match(claim, '^%S+') then
    return {'recorded', ${whole}}
  end
  return 'late'
end`

/** How many parts there must be. What peers add, they add to a key without a lifetime. `raced`: there were enough before this one, so that a peer may be about to fire. */
const sizes = ({ counts }: Layout): string => `
if mode == 'shared' or mode == 'captured' then
  ${added}
  ${learnSize}
  if mode == 'shared' and st == 'sealed' and not stored then
    ${peerFired}
    return 'late'
  end
  if st == 'sealed' then target = size + added end
  if mode == 'shared' and added > 0 then redis.call('EXPIRE', base .. 't', redis.call('HGET', KEYS[2], 'life')) end
  if mode == 'shared' and stored then
    ${counts}
    raced = count >= stored + added
  end
elseif st == 'sealed' then
  target = tonumber(size)
end`

/** For whoever reads how a chord has ended without reading all of it. */
const tallies = `
if st and hasFailed then
  redis.call('HINCRBY', KEYS[2], 'bad', 1)
  local low = redis.call('HGET', KEYS[2], 'low')
  if not low or tonumber(score) < tonumber(low) then redis.call('HSET', KEYS[2], 'low', score) end
end`

/** Not at every part: each EXPIRE costs as much as adding it. */
const renews = `
if count == 1 or not ren or now > tonumber(ren) then
  local life = st and redis.call('HGET', KEYS[2], 'life') or ARGV[6]
  redis.call('EXPIRE', KEYS[1], life)
  if mode and mode ~= 'own' then
    redis.call('EXPIRE', base .. 't', life)
    redis.call('EXPIRE', base .. 's', life)
  end
  if st then
    redis.call('HSET', KEYS[2], 'ren', now + 50 * life)
    redis.call('EXPIRE', KEYS[2], 2 * life)
  end
end`

/** Where peers may fire, only the part that itself makes the count right fires at once. Anything else is suspect. */
const judges = `
if mode == 'shared' then
  if count == target and outcome == 'recorded' and not raced then
    why = 'complete'
  elseif count >= target and outcome == 'recorded' then
    redis.call('HSET', KEYS[2], 'sus', now, 'susn', count)
  end
elseif count >= target then
  why = 'complete'
end
if not why and hasFailed and outcome == 'recorded' and tonumber(score) < target then
  if redis.call('HGET', KEYS[2], 'ff') then why = 'failed' end
end`

/**
 * One part. ARGV: 1 how the part's own members go on behind their first number, 2 the member, 3 its score, 4 the nonce of the
 * claim, a space, and its lease; or '', 5 now in milliseconds, 6 the lifetime in seconds of parts without a record, 7 'failed'
 * and 'begun', by a peer, as far as they are so; and with a result, in KEYS 3: 8 the document, 9 its lifetime in
 * milliseconds or '', 10 and on: states to keep. They are few because each costs both sides.
 *
 * Answers what became of the part, and with it the whole record when this call has taken the claim; 'begin', having done
 * nothing, when a peer began the chord and there is no record yet. Without a claim a complete chord is left to the next look;
 * but where a peer might fire it, the parts are fixed all the same.
 */
const part = (publish: Publish, layout: Layout): string => `
local name, score, claim = ARGV[1], ARGV[3], ARGV[4]
local now = tonumber(ARGV[5])
local hasFailed = string.find(ARGV[7], 'failed', 1, true)
local st, mode, size, due, ren = unpack(redis.call('HMGET', KEYS[2], 'st', 'm', 'size', 'due', 'ren'))
if not st and string.find(ARGV[7], 'begun', 1, true) then return 'begin' end
${store(publish)}
${over}
local outcome = 'recorded'
if due then
  outcome = 'late'
else
  local target, raced, why
  ${sizes(layout)}
  ${layout.repeats}
  if outcome == 'recorded' then
    ${layout.adds}
    ${tallies}
  end
  ${layout.counts}
  ${renews}
  if not st then return 'unknown' end
  if not target then return outcome end
  ${judges}
  if not why or (claim == '' and why == 'complete' and mode ~= 'shared') then return outcome end
  ${freeze}
  due = why
end
if claim == '' then return outcome end
local nonce, lease = string.match(claim, '^(%S+) (.*)$')
redis.call('HSET', KEYS[2], 'st', 'dispatching', 'why', due, 'lease', lease, 'nonce', nonce, 'at', now)
redis.call('HINCRBY', KEYS[2], 'rev', 1)
redis.call('HINCRBY', KEYS[2], 'att', 1)
return {outcome, ${whole}}`

export function partScript(publish: Publish, layout: Layout): Script {
  return chordScript(part(publish, layout))
}
