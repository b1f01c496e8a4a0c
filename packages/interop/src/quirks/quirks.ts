/** A peculiarity of Celery's result backends that a peer meets. */
export interface Quirk {
  /** What Celery does. */
  readonly celery: string
  /** What we do. */
  readonly ours: string
  /** Tests that show it without its number in their names: those of the kit, whose names nobody changes lightly, and others. */
  readonly shownBy?: readonly string[]
  /** Why no test shows it. */
  readonly reason?: string
}

const noSuch = 'there is nothing of the kind to test'

/** In the order of their numbers, which tests carry in their names: `[Q1]` is the first. */
export const quirks: readonly Quirk[] = [
  {
    celery: 'storing reads, decides and writes in three steps; only SUCCESS is protected',
    ours: 'one atomic step; SUCCESS is never replaced, FAILURE gives way to SUCCESS',
  },
  {
    celery: 'a FAILURE goes back to STARTED or RETRY when a task is delivered again',
    ours: "an ending stays; `precedence: 'celery'` for Celery’s way",
  },
  { celery: 'every write on Redis is published on a channel of the key’s name', ours: 'the same' },
  { celery: 'group documents and chord sizes are published, too', ours: 'the same: one way to write' },
  { celery: 'a reader goes by `task_id` inside the document, not by the channel', ours: '`task_id` is always written' },
  {
    celery: 'a chord fires when the count equals the size, never above',
    ours: 'each part has a slot; where peers count, what was counted twice is found before the body is sent',
    shownBy: [
      'fire it once, with the first value of each slot, however often and in whatever order they return',
      'never runs early when a worker of Celery repeats a part in other words',
    ],
  },
  {
    celery: 'two copies of the last part at once fire a chord twice',
    ours: 'one claim decides',
    shownBy: [
      'of two workers that finish the last two parts at the same instant, one fires the body',
      'fire it once when all return at the same time, twice, in several processes',
    ],
  },
  {
    celery: 'a repeated part with another result counts twice',
    ours: 'the first ending of a slot stays',
    shownBy: ['fire it once, with the first value of each slot, however often and in whatever order they return'],
  },
  {
    celery: 'keys stay behind after a failed chord, and each repeat runs its error path again',
    ours: 'the error path runs once, a tombstone answers repeats',
    shownBy: ['starts the error callbacks once, under ids that do not change'],
  },
  {
    celery: 'the size of a chord is overwritten by a group inside it',
    ours: 'a size is set once; another one is a conflict',
    shownBy: [
      'is given once: of two that seal it at the same time with other sizes one wins',
      'keeps the size that it once saw when a nested group overwrites it',
    ],
  },
  {
    celery: 'the group document of a chord with groups in its header stays',
    ours: 'chord keys go with the chord, or expire',
    shownBy: ['everything that a chord leaves has an expiry, also when results are kept for ever'],
  },
  { celery: 'the list of parts is read one too far', ours: 'nothing is read by count', reason: noSuch },
  {
    celery: 'the text of a chord’s error depends on store and cache',
    ours: '`Dependency … raised …` on every store',
    shownBy: ['says in Celery’s words what went wrong, and keeps the reason'],
  },
  {
    celery: 'Python’s `repr` is inside those texts',
    ours: 'written as Python would',
    shownBy: ['shows case %# as Python does'],
  },
  {
    celery: 'the failed body of a chord names no group and no parent, but children of another task',
    ours: 'its group, as when it succeeds; no parent, no children',
  },
  {
    celery: 'members of a body that is a group are FAILURE or REVOKED by chance',
    ours: 'FAILURE: nothing is revoked, and REVOKED replaces no FAILURE',
    shownBy: ['fails each task of a body that is a group, with the reason itself'],
  },
  { celery: 'the id of a group is used as that of a task when a chain fails before it', ours: 'the same' },
  {
    celery: 'behind a failed step the members of a group and the body of a chord stay pending',
    ours: 'they get the failure',
    shownBy: ['fails every step of the chain that will not run, a chord’s body and a group’s members among them'],
  },
  {
    celery: 'a part that is unknown, ignored or rejected hangs its chord',
    ours: 'every ending fills its slot',
    shownBy: [
      'is a failure for a task that nobody knows',
      'gives the body the values in the order of the slots, null for a part that was ignored',
    ],
  },
  {
    celery: 'revoking stores REVOKED over a FAILURE and tells no chord',
    ours: 'REVOKED replaces no ending, and the slot is filled',
    shownBy: ['fills it when an earlier step is revoked'],
  },
  {
    celery: 'a part that returns after the end stores a ChordError over the body',
    ours: 'it finds the tombstone and changes nothing',
    shownBy: [
      'a part that returns after the end publishes nothing, and leaves nothing that would stay',
      'is not brought back by parts that return after the end, on either side',
    ],
  },
  {
    celery: 'a late increment leaves a counter in Firestore for ever',
    ours: 'every key of a chord expires, Celery’s counter from its first write on',
    shownBy: [
      'everything that a chord leaves has an expiry, also when results are kept for ever',
      'begins with a counter that expires and with its header, where Celery looks for them',
    ],
  },
  {
    celery: 'without native counting the header’s length is taken for its size',
    ours: 'the slots of the header are counted, and sealed',
    shownBy: ['any nesting of groups, chains and chords in a header gives the body what running it in order would'],
  },
  {
    celery: 'ignored results in a header make a chord time out where they are read back',
    ours: 'the value fills the slot all the same',
    shownBy: ['a part whose result is ignored fills its slot with its value all the same'],
  },
  {
    celery: 'pauses of half a second before and after bulk reads',
    ours: 'no pause where something can be read',
    shownBy: [
      'takes one read per batch for results that are stored already',
      'reads at once and then ever more seldom, up to the ceiling',
    ],
  },
  {
    celery: 'iterating over no results raises RuntimeError',
    ours: 'it ends at once',
    shownBy: ['ends at once for no ids'],
  },
  {
    celery: 'a FAILURE without a reason raises RuntimeError in whoever waits',
    ours: 'a TaskError that says no more; ours always have a reason',
  },
  {
    celery: 'a revoked task has not failed; a failed one does not count as completed',
    ours: 'the same',
    shownBy: ['tells completedCount, successful, failed, waiting and ready as Celery does'],
  },
  { celery: 'nothing is cached by default', ours: 'the same', shownBy: ['keeps nothing by default'] },
  {
    celery: 'an address without a database means 0, whatever the setting says',
    ours: 'the same',
    shownBy: ['without a database means database 0, whatever the setting says'],
  },
  {
    celery: 'addresses `socket://` are documented and do not work',
    ours: '`socket://` and `redis+socket://` both work',
    shownBy: ['%s:// names a file, and no host or port'],
  },
  {
    celery: 'the documented `?ttl=` of a Cloud Storage address is ignored',
    ours: 'ignored with a warning',
    shownBy: ['is taken with a warning when it says ttl, which means nothing to Celery either'],
  },
  {
    celery: 'the setting for the threads of Cloud Storage does not bound its bulk reads',
    ours: 'bulk reads have a bound',
    shownBy: ['is one of many in a bulk read, in their order, so many at a time as is asked for'],
  },
  {
    celery: 'Cloud Storage asks for a policy of Firestore at every start',
    ours: 'only `check()` asks',
    shownBy: ['is a TTL policy where Firestore is used, which is printed where it is missing'],
  },
  {
    celery: 'deleting an object looks and then deletes',
    ours: 'it deletes, and takes "not found" for done',
    shownBy: ['that is missing is undefined, and deleting it is one request and no error'],
  },
  {
    celery: 'the time of an Elasticsearch document loses its seconds now and then',
    ours: 'always with milliseconds',
    shownBy: ['is the text, and when it was written, to the millisecond also where there is none'],
  },
  {
    celery: 'Elasticsearch documents that are not text merge old fields into new ones',
    ours: 'a write replaces the document',
    shownBy: ['takes two requests more than a first one, and replaces the document as a whole'],
  },
  {
    celery: '429 and 503 of Elasticsearch are not tried again; forgetting an unknown result raises',
    ours: 'tried again; forgetting the unknown is fine',
    shownBy: [
      '503 of the server itself means that nothing was done',
      'delete takes unknown keys, keys named twice, and none',
    ],
  },
  {
    celery: 'results in Elasticsearch never expire',
    ours: 'never by themselves; `cleanup` removes what has expired',
    shownBy: ['tells its expiry beside what Celery reads'],
  },
  { celery: 'NaN, infinities and integers of any size stand in JSON', ours: 'the same, read as numbers and bigints' },
  {
    celery: 'an object of exactly `__type__` and `__value__` is taken for a typed value',
    ours: 'the same',
    shownBy: ['unwraps typed values inside typed documents, and none that has other keys'],
  },
  { celery: 'stamps replace fields of the document', ours: 'read; a stamp of a field’s name is not written' },
  { celery: '`exc_message` is a list of arguments, and text from others', ours: 'both are read, lists are written' },
  { celery: 'UnpickleableExceptionWrapper appears even in JSON', ours: 'read; never written' },
  { celery: 'a task that was tried again names itself as its parent', ours: 'read as it is' },
  {
    celery: 'a part that is lost with its connection loses its chord',
    ours: 'parts are tried again, and may be told twice',
    shownBy: ['writes whose answers are lost fire the body once, with every value'],
  },
  {
    celery: 'the count of added parts has no expiry until the next part',
    ours: 'every key of a chord expires',
    shownBy: [
      'everything that a chord leaves has an expiry, also when results are kept for ever',
      'leaves no key without a lifetime at any moment',
    ],
  },
  {
    celery: 'a chord that outlives its keys dies in silence',
    ours: 'a deadline ends it with an error that names the missing parts',
    shownBy: ['names at its deadline what did not return'],
  },
  {
    celery: 'a group in a header runs, and reports, in reverse',
    ours: 'in its own order',
    shownBy: ['groups in a header keep their form, also those of one member and of none'],
  },
  {
    celery: 'parts of the same index are in the order of their bytes',
    ours: 'every part has an index of its own; added ones come last',
    shownBy: ['a chord of many parts that return in any order hands their values over in slot order'],
  },
  {
    celery: 'since 5.6.3 an explicit `ignore_result: false` overrides the task',
    ours: 'null unless the caller says so',
  },
  {
    celery: 'every write decodes what was stored before, and fails with it',
    ours: 'the head is enough; what nobody can read is replaced, with a warning',
    shownBy: ['replaces bytes that are no result, with a warning'],
  },
  {
    celery: 'the consumer of results is not thread-safe, and unsubscribes when objects are collected',
    ours: 'one process has one loop, and closing is explicit',
    shownBy: ['does not hang on what the garbage collector does, in joins of any size'],
  },
  {
    celery: 'a published text that is no document ends the waiter',
    ours: 'it is ignored, and the document read',
    shownBy: ['a message that is no document ends no waiter, and one of another task wakes none'],
  },
]
