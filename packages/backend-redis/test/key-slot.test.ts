import { expect, it } from 'vitest'
import { keySlot } from '../src/key-slot.ts'

it.each([
  ['123456789', 0x31c3], // the check value of the specification
  ['', 0],
  ['{user1000}.following', keySlot('user1000')],
  ['foo{}{bar}', 8363],
  ['foo{{bar}}zap', keySlot('{bar')],
  ['foo{bar}{zap}', keySlot('bar')],
])('%s is in slot %i', (key, slot) => {
  expect(keySlot(key)).toBe(slot)
})
