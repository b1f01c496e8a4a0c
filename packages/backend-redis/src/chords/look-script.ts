import type { Script } from '../scripts.ts'
import type { Layout } from './layout.ts'
import { added, chordScript, claimOfPeer, learnSize, peerFired } from './lua.ts'

/**
 * A look at a sealed chord. ARGV: 1 now in milliseconds, 2 how long a suspect is left alone; KEYS 3, where there is one, the
 * body's own result. Answers why the chord is due: 'complete', 'failed', 'takeover'; or that it is not: '', 'suspect',
 * 'peer', or 'orphan' for a suspect of a peer's making, which is left to people; then how many parts there are, and how many there should be.
 *
 * Where peers may fire, a chord that is complete looks the same whether one of them is about to or died: it is suspect, and
 * due when nothing has come of it for a while, and no claim of a peer's lives any more: those of Celery 5.7 leave one.
 */
const look = ({ counts }: Layout): string => `
local now = tonumber(ARGV[1])
local st, mode, size, due, sus, susn, life =
  unpack(redis.call('HMGET', KEYS[2], 'st', 'm', 'size', 'due', 'sus', 'susn', 'life'))
if due then return {due, 0, 0} end
if st ~= 'sealed' then return {'', 0, 0} end
local target = tonumber(size)
if mode ~= 'own' then
  ${added}
  ${learnSize}
  if mode == 'shared' and not stored then
    ${peerFired}
    return {'peer', 0, 0}
  end
  target = size + added
  redis.call('EXPIRE', base .. 't', life)
  redis.call('EXPIRE', base .. 's', life)
end
redis.call('EXPIRE', KEYS[1], life)
redis.call('EXPIRE', KEYS[2], 2 * life)
redis.call('HSET', KEYS[2], 'ren', now + 50 * life)
${counts}
if count < target then return {'', count, target} end
if mode ~= 'shared' then return {'complete', count, target} end
if KEYS[3] and redis.call('EXISTS', KEYS[3]) == 1 then
  ${peerFired}
  return {'peer', 0, 0}
end
if not sus or tonumber(susn) ~= count then
  redis.call('HSET', KEYS[2], 'sus', now, 'susn', count)
  return {'suspect', count, target}
end
if now - tonumber(sus) < tonumber(ARGV[2]) or redis.call('EXISTS', ${claimOfPeer}) == 1 then
  return {'suspect', count, target}
end
return {redis.call('HGET', KEYS[2], 'foreign') and 'orphan' or 'takeover', count, target}
`

/** The parts, fixed or not, are under `key`. */
const partsKey = `
local isFixed = redis.call('HGET', KEYS[2], 'm') ~= 'own' and redis.call('EXISTS', base .. 'p') == 1
local key = isFixed and base .. 'p' or KEYS[1]`

/** A page of parts. ARGV: 1 'rank', 'score' or 'members', 2 from, 3 to, exclusive. Answers how many parts there are, and what the layout has of them. */
const page = (layout: Layout): string => `
${partsKey}
${layout.page}
`

/** The scores of a page of parts by rank, without the parts. ARGV: 1 from, 2 to, inclusive. A list has none. */
export const scores: Script = chordScript(`
${partsKey}
if redis.call('TYPE', key).ok == 'list' then return '' end
local found = redis.call('ZRANGE', key, ARGV[1], ARGV[2], 'WITHSCORES')
local numbers = {}
for index = 2, #found, 2 do numbers[index / 2] = found[index] end
return table.concat(numbers, ' ')
`)

/** How many parts have failed and the lowest, with 1 in front when that was counted with every part. */
export const tally: Script = chordScript(`
local mode, early, bad, low = unpack(redis.call('HMGET', KEYS[2], 'm', 'early', 'bad', 'low'))
return {mode == 'own' and not early and 1 or 0, bad, low}
`)

export interface LookScripts {
  readonly look: Script
  readonly page: Script
}

export function lookScripts(layout: Layout): LookScripts {
  return { look: chordScript(look(layout)), page: chordScript(page(layout)) }
}
