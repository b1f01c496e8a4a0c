import { setTimeout as delay } from 'node:timers/promises'
import { type Backend, type ChangeEvent, type ChangeStream, type Key, wrap } from '@arpeggio/core'
import type { MemoryBackend } from '../src/index.ts'
import type { Mutant } from './mutants.ts'

/** Rules of what the store pushes. */
export const notificationMutants: readonly Mutant[] = [
  {
    name: 'subscribe resolves before the subscription is there',
    caughtBy: ['every key that is written after subscribe resolved leads to an event'],
    change: (backend) =>
      changingStream(backend, {
        stream: (stream) => ({
          subscribe: async (keys) =>
            void delay(5)
              .then(() => stream.subscribe(keys))
              .catch(() => {}),
          unsubscribe: (keys) => stream.unsubscribe(keys),
          [Symbol.asyncDispose]: () => Promise.resolve(stream[Symbol.asyncDispose]()),
        }),
      }),
  },
  {
    name: 'every tenth event is lost',
    caughtBy: [
      'every key that is written after subscribe resolved leads to an event',
      'one subscription takes many keys, and each is told',
    ],
    change: (backend) => {
      let count = 0
      return changingStream(backend, { passes: () => ++count % 10 !== 0 })
    },
  },
  {
    name: 'a key leads to one event only',
    caughtBy: ['each further write of a key leads to a further event'],
    change: (backend) => {
      const told = new Set<Key>()
      return changingStream(backend, {
        passes: (event) => event.type === 'gap' || told.size !== told.add(event.key).size,
      })
    },
  },
  {
    name: 'deletes lead to no event',
    caughtBy: ['a delete leads to an event without a value'],
    change: (backend) =>
      changingStream(backend, { passes: (event) => event.type === 'gap' || event.value !== undefined }),
  },
  {
    name: 'a gap is not told',
    caughtBy: [
      'after notifications may have been lost a gap is told, and the subscriptions are whole again',
      '[T-28] results that land while notifications are lost wake their waiters all the same',
      'a result that is removed while notifications are lost ends its waits with not-found, and the others go on',
    ],
    change: (backend) => changingStream(backend, { passes: (event) => event.type !== 'gap' }),
  },
  {
    name: 'a gap is told before the subscriptions are whole',
    caughtBy: ['after notifications may have been lost a gap is told, and the subscriptions are whole again'],
    change: (backend) => {
      let wholeAt = 0
      return changingStream(backend, {
        passes: (event) => {
          if (event.type === 'gap') wholeAt = performance.now() + 20
          return event.type === 'gap' || performance.now() >= wholeAt
        },
      })
    },
  },
]

interface StreamChanges {
  readonly passes?: (event: ChangeEvent) => boolean
  readonly stream?: (stream: ChangeStream) => ChangeStream
}

function changingStream(backend: MemoryBackend, changes: StreamChanges): Backend {
  const { passes = () => true, stream: change = (stream) => stream } = changes
  return wrap(backend, {
    notifications: {
      open: async (listener, options) => {
        const stream = await backend.notifications.open((event) => {
          if (passes(event)) listener(event)
        }, options)
        return change(stream)
      },
    },
  })
}
