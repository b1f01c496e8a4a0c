import { keeps, type Publish, puts, type Script, script } from '../scripts.ts'
import type { Layout } from './layout.ts'
import { added, freeze, learnSize, peerFired, whole } from './lua.ts'

/**
 * Stores the part's own result unless the stored state takes precedence, which ends the script with 'kept' or 'undecided'
 * and what is stored. An ordinary result is the first, so that is tried before anything is read.
 */
const store = (publish: Publish): string => `
if #ARGV > 9 then
  local isNew
  if ARGV[11] == '' then
    isNew = redis.call('SET', KEYS[7], ARGV[10], 'NX')
  else
    isNew = redis.call('SET', KEYS[7], ARGV[10], 'PX', ARGV[11], 'NX')
  end
  if not isNew then
    local head = redis.call('GETRANGE', KEYS[7], 0, 199)
    ${keeps('KEYS[7]', 12)}
    ${puts('KEYS[7]', 'ARGV[10]', 'ARGV[11]')}
  end
  redis.call('${publish}', KEYS[7], ARGV[10])
end`

/** A chord that is decided takes no part, and a repeat leaves nothing. Whoever lost the answer to his claim is told again. */
const over = `
if st and st ~= 'open' and st ~= 'sealed' then
  if st == 'done' then redis.call('UNLINK', KEYS[1], KEYS[2], KEYS[3], KEYS[6]) end
  if st == 'dispatching' and ARGV[5] ~= '' and redis.call('HGET', KEYS[4], 'nonce') == ARGV[5] then
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
  if mode == 'shared' and added > 0 then redis.call('EXPIRE', KEYS[2], life) end
  if mode == 'shared' and stored then
    ${counts}
    raced = count >= stored + added
  end
elseif st == 'sealed' then
  target = tonumber(size)
end`

/** For whoever reads how a chord has ended without reading all of it. */
const tallies = `
if st and ARGV[4] == '1' then
  redis.call('HINCRBY', KEYS[4], 'bad', 1)
  local low = redis.call('HGET', KEYS[4], 'low')
  if not low or tonumber(score) < tonumber(low) then redis.call('HSET', KEYS[4], 'low', score) end
end`

/** Not at every part: each EXPIRE costs as much as adding it. */
const renews = `
if count == 1 or not ren or now - tonumber(ren) > 50 * tonumber(life) then
  life = life or ARGV[8]
  redis.call('EXPIRE', KEYS[1], life)
  if mode ~= 'own' then
    redis.call('EXPIRE', KEYS[2], life)
    redis.call('EXPIRE', KEYS[3], life)
  end
  if st then
    redis.call('HSET', KEYS[4], 'ren', now)
    redis.call('EXPIRE', KEYS[4], 2 * life)
  end
end`

/** Where peers may fire, only the part that itself makes the count right fires at once. Anything else is suspect. */
const judges = `
if mode == 'shared' then
  if count == target and outcome == 'recorded' and not raced then
    why = 'complete'
  elseif count >= target and outcome == 'recorded' then
    redis.call('HSET', KEYS[4], 'sus', now, 'susn', count)
  end
elseif count >= target then
  why = 'complete'
end
if not why and ARGV[4] == '1' and outcome == 'recorded' and tonumber(score) < target then
  if redis.call('HGET', KEYS[4], 'ff') then why = 'failed' end
end`

/**
 * One part. ARGV: 1 how the part's own members go on behind their first number, 2 the member, 3 its score, 4 '1' for a
 * failure, 5 the nonce of the claim or '', 6 its lease, 7 now in milliseconds, 8 the lifetime in seconds of parts without a
 * record, 9 '1' when a peer began the chord; and with a result, in KEYS 7: 10 the document, 11 its lifetime in milliseconds
 * or '', 12 and on: states to keep.
 *
 * Answers what became of the part, and with it the whole record when this call has taken the claim; 'begin', having done
 * nothing, when a peer began the chord and there is no record yet. Without a claim a complete chord is left to the next look;
 * but where a peer might fire it, the parts are fixed all the same.
 */
const part = (publish: Publish, layout: Layout): string => `
local name, score = ARGV[1], ARGV[3]
local now = tonumber(ARGV[7])
local st, mode, size, due, ren, life = unpack(redis.call('HMGET', KEYS[4], 'st', 'm', 'size', 'due', 'ren', 'life'))
if not st and ARGV[9] == '1' then return 'begin' end
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
  if not why or (ARGV[5] == '' and why == 'complete' and mode ~= 'shared') then return outcome end
  ${freeze}
  due = why
end
if ARGV[5] == '' then return outcome end
redis.call('HSET', KEYS[4], 'st', 'dispatching', 'why', due, 'lease', ARGV[6], 'nonce', ARGV[5], 'at', now)
redis.call('HINCRBY', KEYS[4], 'rev', 1)
redis.call('HINCRBY', KEYS[4], 'att', 1)
return {outcome, ${whole}}`

export function partScript(publish: Publish, layout: Layout): Script {
  return script(part(publish, layout))
}
