import assert from 'node:assert/strict'
import { type Case, ChapterCases } from '../case.ts'
import { textOf } from '../values.ts'

const started = '{"status": "STARTED", "result": null}'
const success = '{"status": "SUCCESS", "result": 1}'

/** Heads that do not say which state the document has. */
const UNTOLD: readonly (string | Uint8Array)[] = [
  new Uint8Array([0x82, 0xa6, 0x73, 0x74, 0x61, 0x74, 0x75, 0x73, 0xa7, 0x53, 0x55, 0x43, 0x43, 0x45, 0x53, 0x53]),
  'status: SUCCESS\nresult: 1\n',
  '{"result": 1, "status": "SUCCESS"}',
  'not a document at all',
  '{"status": ',
]

/** What a guarded write keeps and writes, atomically. */
export const guard: readonly Case[] = new ChapterCases('abilities')
  .add('a guarded write happens where nothing is, and where the state is none of those to keep', {
    needs: ['guard'],
    musts: ['guard keeps'],
    async run({ backend, key }) {
      const write = { key: key('a'), keep: ['SUCCESS', 'FAILURE'] }
      const first = await backend.guard.set({ ...write, value: started })
      assert.equal(first.outcome, 'written')
      const second = await backend.guard.set({ ...write, value: success })
      assert.equal(second.outcome, 'written')
      assert.equal(textOf(await backend.get(key('a'))), success)
      assert.equal((await backend.get(key('a')))?.version, second.outcome === 'written' && second.version)
    },
  })
  .add('a guarded write keeps the states that it is to keep, and answers with what is there', {
    needs: ['guard'],
    musts: ['guard keeps'],
    async run({ backend, key }) {
      for (const value of [success, '{"status":"FAILURE","result":null}', new TextEncoder().encode(success)]) {
        await backend.set({ key: key('a'), value })
        const answer = await backend.guard.set({ key: key('a'), value: started, keep: ['FAILURE', 'SUCCESS'] })
        assert.equal(answer.outcome, 'kept')
        const there = await backend.get(key('a'))
        assert.equal(textOf(there), textOf({ value }))
        assert.equal(answer.outcome === 'kept' && textOf(answer.stored), textOf({ value }))
        assert.equal(answer.outcome === 'kept' && answer.stored.version, there?.version)
      }
    },
  })
  .add('a guarded write takes a state for no other that begins like it', {
    needs: ['guard'],
    musts: ['guard keeps'],
    async run({ backend, key }) {
      for (const state of ['SUCCESSFUL', 'SUCC', 'success', 'UNSUCCESS']) {
        await backend.set({ key: key('a'), value: `{"status": "${state}", "result": "SUCCESS"}` })
        const answer = await backend.guard.set({ key: key('a'), value: started, keep: ['SUCCESS'] })
        assert.equal(answer.outcome, 'written', `${state} is not SUCCESS`)
      }
    },
  })
  .add('a guarded write answers undecided and writes nothing when the head does not tell the state', {
    needs: ['guard'],
    musts: ['guard decides by the head'],
    async run({ backend, key }) {
      for (const value of UNTOLD) {
        await backend.set({ key: key('a'), value })
        const before = await backend.get(key('a'))
        const answer = await backend.guard.set({ key: key('a'), value: started, keep: ['SUCCESS'] })
        assert.equal(answer.outcome, 'undecided', `not decided over ${String(value)}`)
        assert.equal(answer.outcome === 'undecided' && answer.stored.version, before?.version)
        assert.deepEqual(await backend.get(key('a')), before)
      }
    },
  })
  .add('a guarded write is not misled by escapes in the state', {
    needs: ['guard'],
    musts: ['guard decides by the head'],
    async run({ backend, key }) {
      const value = '{"status": "SUCC\\u0045SS", "result": 1}'
      await backend.set({ key: key('a'), value })
      const answer = await backend.guard.set({ key: key('a'), value: started, keep: ['SUCCESS'] })
      assert.notEqual(answer.outcome, 'written')
      assert.equal(textOf(await backend.get(key('a'))), value)
    },
  })
  .add('a guarded write replaces the expiry, takes what has expired for absent, and leaves alone what it keeps', {
    needs: ['guard'],
    musts: ['set replaces the expiry', 'guard keeps'],
    async run({ backend, key, afterExpiry }) {
      await backend.set({ key: key('a'), value: started, expiresInSeconds: 1 })
      await backend.set({ key: key('b'), value: success, expiresInSeconds: 1 })
      await backend.set({ key: key('c'), value: success })
      const keep = ['SUCCESS']
      await backend.guard.set({ key: key('a'), value: success, keep })
      await backend.guard.set({ key: key('c'), value: started, expiresInSeconds: 1, keep })
      await backend.guard.set({ key: key('d'), value: started, expiresInSeconds: 1, keep })
      await afterExpiry(1, async () => assert.equal(await backend.get(key('d')), undefined))
      const values = await backend.mget([key('a'), key('b'), key('c')])
      assert.deepEqual(
        values.map((value) => textOf(value)),
        [success, undefined, success],
      )
      const answer = await backend.guard.set({ key: key('b'), value: started, keep })
      assert.equal(answer.outcome, 'written')
    },
  })
  .add('of many guarded writes and a final one, the final one stays', {
    needs: ['guard'],
    musts: ['guard keeps', 'set is atomic'],
    async run({ backend, key, another }) {
      const handles = [backend, await another()]
      for (let round = 0; round < 10; round++) {
        const writes = Array.from({ length: 16 }, (_, index) => {
          const value = index === 7 ? success : `{"status": "PROGRESS", "result": ${index}}`
          return (handles[index % 2] ?? backend).guard.set({ key: key(`${round}`), value, keep: ['SUCCESS'] })
        })
        await Promise.all(writes)
        assert.equal(textOf(await backend.get(key(`${round}`))), success)
      }
    },
  })
  .list()
