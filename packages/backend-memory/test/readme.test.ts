// #region use
import { MemoryBackend, MemoryStore } from '@arpeggio/backend-memory'

let now = Date.parse('2030-01-01')
const store = new MemoryStore({ clock: () => now }) // what a server would be
const first = new MemoryBackend({ store }) // what one process would hold
const second = new MemoryBackend({ store })

await first.set({ key: 'greeting', value: 'hello', expiresInSeconds: 60 })
const before = await second.get('greeting') // value 'hello', version '1'
now += 60_000
const after = await second.get('greeting') // undefined
// #endregion use

import { abilityNames } from '@arpeggio/conformance'
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'

it('does what the README shows', () => {
  expect(before).toMatchObject({ value: 'hello', version: '1' })
  expect(after).toBeUndefined()
})

it('can do what the README lists', () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
  for (const name of abilityNames) {
    const answer = new RegExp(`^\\| \`${name}\` +\\| (yes|no)`, 'mu').exec(readme)?.[1]
    expect([name, answer]).toEqual([name, name in first ? 'yes' : 'no'])
  }
})
