import assert from 'node:assert/strict'
import { chord, executeTask, LocalQueue, type Results } from '@arpeggio/core'
import { type Case, ChapterCases } from '../case.ts'
import { body, ChordStage, part, parts, succeed } from '../chord-stage.ts'

/** Queues whose messages end with the process that holds them. */
export const chordQueues: readonly Case[] = new ChapterCases('chords')
  .add('a chord runs from its start to its tombstone in a queue of this process', {
    async run(trial) {
      await using stage = new ChordStage(trial)
      const results = stage.open(trial.backend, { publisher: new LocalQueue([part, body], { concurrency: 4 }) })
      for (const mode of ['known', 'announced']) {
        const header = mode === 'known' ? parts(7) : parts(7).values()
        const handle = await results.apply(chord(header, body, { id: mode }))
        assert.deepEqual(await handle.get({ timeoutMs: trial.patienceMs }), [0, 1, 2, 3, 4, 5, 6])
        await trial.eventually(async () => assert.equal((await results.chords.inspect(mode)).state, 'done'))
      }
    },
  })
  .add('a body in a queue that ends with its process is published again, the same, when that process has gone', {
    async run(trial) {
      await using stage = new ChordStage(trial, { durable: false })
      const first = stage.open()
      const value = await published(stage, first)
      const watcher = await stage.openAnother()
      await watcher.chords.sweep()
      stage.assertBody('c', value)
      await first.close()
      await watcher.chords.sweep()
      stage.assertBody('c', value, 2)
    },
  })
  .add('a body in a queue that ends with its process is published again when the lease of that process runs out', {
    async run(trial) {
      await using stage = new ChordStage(trial, { durable: false })
      const value = await published(stage, stage.open())
      await stage.pass(31)
      const watcher = await stage.openAnother()
      await watcher.chords.sweep()
      stage.assertBody('c', value, 2)
    },
  })
  .add('a body whose queue says that it has dealt with it is never published again', {
    async run(trial) {
      await using stage = new ChordStage(trial, { durable: false })
      const results = stage.open()
      const value = await published(stage, results)
      const [message] = stage.queue.bodiesOf('c')
      assert.ok(message)
      await executeTask(body, message, results)
      await results.messageEnded(message)
      assert.equal((await results.chords.inspect('c')).state, 'done')
      await stage.pass(31)
      const watcher = await stage.openAnother()
      await watcher.chords.sweep()
      stage.assertBody('c', value)
    },
  })
  .add('a body whose queue has lost it is published again at once', {
    async run(trial) {
      await using stage = new ChordStage(trial, { durable: false })
      const results = stage.open()
      const value = await published(stage, results)
      const [message] = stage.queue.bodiesOf('c')
      assert.ok(message)
      await results.messageLost(message)
      await stage.open().chords.sweep()
      stage.assertBody('c', value, 2)
    },
  })
  .list()

/** Plays chord `c` until its body is in the queue, and answers with what the body is called with. */
async function published(stage: ChordStage, results: Results): Promise<unknown> {
  await results.apply(chord(parts(3), body, { id: 'c' }))
  for (const message of stage.queue.partsOf('c')) await succeed(results, message, message.groupIndex)
  stage.assertBody('c', [0, 1, 2])
  return [0, 1, 2]
}
