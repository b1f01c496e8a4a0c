import assert from 'node:assert/strict'
import type { ChangeEvent, ChangeStream, Key, Notifications } from '@arpeggio/core'
import { type Case, ChapterCases } from '../case.ts'
import { textOf } from '../values.ts'

/** What the store pushes. */
export const notifications: readonly Case[] = new ChapterCases('abilities')
  .add('every key that is written after subscribe resolved leads to an event', {
    needs: ['notifications'],
    musts: ['subscribe is acknowledged'],
    async run({ backend, keys, another, eventually }) {
      const other = await another()
      await using inbox = await Inbox.open(backend.notifications)
      for (const key of keys(20)) {
        await inbox.stream.subscribe([key])
        await other.set({ key, value: key })
      }
      await eventually(() => assert.deepEqual(inbox.missing(keys(20)), []))
      for (const { key, value } of inbox.values())
        assert.equal(value, key, 'the value that was written, where one is sent')
    },
  })
  .add('a write of the subscriber itself leads to an event', {
    needs: ['notifications'],
    musts: ['subscribe is acknowledged'],
    async run({ backend, key, eventually }) {
      await using inbox = await Inbox.open(backend.notifications)
      await inbox.stream.subscribe([key('a')])
      await backend.set({ key: key('a'), value: 'one' })
      await eventually(() => assert.deepEqual(inbox.missing([key('a')]), []))
    },
  })
  .add('each further write of a key leads to a further event', {
    needs: ['notifications'],
    musts: ['subscribe is acknowledged'],
    async run({ backend, key, eventually }) {
      await using inbox = await Inbox.open(backend.notifications)
      await inbox.stream.subscribe([key('a')])
      for (let round = 1; round <= 5; round++) {
        await backend.set({ key: key('a'), value: `${round}` })
        await eventually(() => assert.ok(inbox.count(key('a')) >= round, `an event of write ${round}`))
      }
    },
  })
  .add('a delete leads to an event without a value', {
    needs: ['notifications'],
    musts: ['subscribe is acknowledged'],
    async run({ backend, key, another, eventually }) {
      const other = await another()
      await backend.set({ key: key('a'), value: 'one' })
      await using inbox = await Inbox.open(backend.notifications)
      await inbox.stream.subscribe([key('a')])
      await other.delete([key('a')])
      // The event of the write may come late, from before the subscription.
      await eventually(() => assert.ok(inbox.count(key('a')) > inbox.values().length))
    },
  })
  .add('one subscription takes many keys, and each is told', {
    needs: ['notifications'],
    musts: ['subscribe is acknowledged'],
    async run({ backend, keys, eventually }) {
      const names = keys(500)
      await using inbox = await Inbox.open(backend.notifications)
      await inbox.stream.subscribe(names)
      await Promise.all(names.map((key) => backend.set({ key, value: 'one' })))
      await eventually(() => assert.deepEqual(inbox.missing(names), []))
    },
  })
  .add('a key may be left, unknown ones too, and subscribed again', {
    needs: ['notifications'],
    musts: ['subscribe is acknowledged'],
    async run({ backend, key, eventually }) {
      await using inbox = await Inbox.open(backend.notifications)
      await inbox.stream.subscribe([key('a'), key('b')])
      await inbox.stream.unsubscribe([key('a'), key('never subscribed')])
      await backend.set({ key: key('b'), value: 'one' })
      await eventually(() => assert.deepEqual(inbox.missing([key('b')]), []))
      await inbox.stream.subscribe([key('a')])
      await backend.set({ key: key('a'), value: 'again' })
      await eventually(() =>
        assert.ok(inbox.values().every(({ key: of, value }) => of !== key('a') || value === 'again')),
      )
      await eventually(() => assert.deepEqual(inbox.missing([key('a')]), []))
    },
  })
  .add('a subscriber hears of its keys alone', {
    needs: ['notifications'],
    async run({ backend, key, eventually }) {
      await using inbox = await Inbox.open(backend.notifications)
      await inbox.stream.subscribe([key('a'), key('end')])
      for (const name of ['A', 'a/b', 'a1', 'end']) await backend.set({ key: key(name), value: 'one' })
      await eventually(() => assert.deepEqual(inbox.missing([key('end')]), []))
      assert.deepEqual(inbox.keys(), new Set([key('end')]))
    },
  })
  .add('two streams are told independently, and the end of one leaves the other', {
    needs: ['notifications'],
    musts: ['subscribe is acknowledged'],
    async run({ backend, key, eventually }) {
      const first = await Inbox.open(backend.notifications)
      await using second = await Inbox.open(backend.notifications)
      await first.stream.subscribe([key('a')])
      await second.stream.subscribe([key('a')])
      await backend.set({ key: key('a'), value: 'one' })
      await eventually(() => assert.deepEqual([...first.missing([key('a')]), ...second.missing([key('a')])], []))
      await first[Symbol.asyncDispose]()
      await backend.set({ key: key('a'), value: 'two' })
      await eventually(() => assert.ok(second.count(key('a')) >= 2))
    },
  })
  .add('writes in bulk lead to events', {
    needs: ['notifications', 'bulk'],
    musts: ['subscribe is acknowledged'],
    async run({ backend, keys, eventually }) {
      await using inbox = await Inbox.open(backend.notifications)
      await inbox.stream.subscribe(keys(5))
      await backend.bulk.set(keys(5).map((key) => ({ key, value: 'one' })))
      await eventually(() => assert.deepEqual(inbox.missing(keys(5)), []))
    },
  })
  .add('a guarded write leads to an event', {
    needs: ['notifications', 'guard'],
    musts: ['subscribe is acknowledged'],
    async run({ backend, key, eventually }) {
      await using inbox = await Inbox.open(backend.notifications)
      await inbox.stream.subscribe([key('a')])
      await backend.guard.set({ key: key('a'), value: '{"status": "SUCCESS"}', keep: ['SUCCESS'] })
      await eventually(() => assert.deepEqual(inbox.missing([key('a')]), []))
    },
  })
  .add('after notifications may have been lost a gap is told, and the subscriptions are whole again', {
    needs: ['notifications'],
    asks: ['gap'],
    musts: ['gap after loss'],
    async run({ backend, key, gap, eventually }) {
      await using inbox = await Inbox.open(backend.notifications)
      await inbox.stream.subscribe([key('a'), key('b')])
      inbox.onGap = () => backend.set({ key: key('b'), value: 'written at the gap' })
      await gap(async () => {
        await backend.set({ key: key('a'), value: 'lost' })
      })
      await eventually(() => assert.ok(inbox.gaps > 0, 'a gap'))
      await eventually(() => assert.deepEqual(inbox.missing([key('b')]), []))
      assert.equal(textOf(await backend.get(key('a'))), 'lost')
    },
  })
  .list()

/** Collects what one stream tells. */
class Inbox implements AsyncDisposable {
  readonly #events: ChangeEvent[] = []
  #stream: ChangeStream | undefined
  /** Called at every gap, before anything else can happen. */
  onGap: (() => Promise<unknown>) | undefined

  static async open(source: Notifications): Promise<Inbox> {
    const inbox = new Inbox()
    inbox.#stream = await source.open((event) => {
      inbox.#events.push(event)
      if (event.type === 'gap') void inbox.onGap?.()
    })
    return inbox
  }

  get stream(): ChangeStream {
    assert.ok(this.#stream)
    return this.#stream
  }

  get gaps(): number {
    return this.#events.filter((event) => event.type === 'gap').length
  }

  keys(): ReadonlySet<Key> {
    return new Set(this.#changes().map((event) => event.key))
  }

  missing(keys: readonly Key[]): readonly Key[] {
    const told = this.keys()
    return keys.filter((key) => !told.has(key))
  }

  count(key: Key): number {
    return this.#changes().filter((event) => event.key === key).length
  }

  /** What was sent with the events that have a value. */
  values(): readonly { readonly key: Key; readonly value: string | undefined }[] {
    return this.#changes()
      .filter((event) => event.value !== undefined)
      .map((event) => ({ key: event.key, value: textOf(event) }))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stream?.[Symbol.asyncDispose]()
  }

  #changes(): Extract<ChangeEvent, { type: 'change' }>[] {
    return this.#events.filter((event) => event.type === 'change')
  }
}
