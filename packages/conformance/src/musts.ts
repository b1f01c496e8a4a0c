/** The demands of the contract, each with words from its sentence. A test compares them with core's source. */
export const musts = {
  'concurrent calls': 'Every operation must be safe to call concurrently',
  'reads see writes': "process's `set` has resolved must see that write or something later",
  'failures reject': 'Every failure must be a rejection with a `BackendError`',
  disposed: 'After disposal every operation must reject with code `disposed`',
  'get of nothing': 'Must resolve to `undefined`, never reject, when there is none or it has expired',
  'mget in order': 'Must answer in the order of `keys`, one entry each, also for keys named twice',
  'set is atomic': 'Must be atomic per key',
  'set with a condition': 'Must resolve to `{ written: false }`, never reject, when the condition does not hold',
  'set replaces the expiry': 'An expiry of the old value must not survive the write',
  'delete of nothing': 'Unknown keys must not be an error',
  'masked password': 'Must mask the password unless `includePassword` is true',
  'expiry in time': 'A value must be gone this long after its expiry at the latest',
  presence: 'Must answer in the order of `keys`; an expired value must not count',
  bulk: 'Must answer in the order of `writes`, each with its own outcome or error; one failing write must not fail the others',
  'guard decides by the head': 'Must compare the state without decoding the whole document',
  'guard keeps': 'States of the stored document that the write must not replace',
  'subscribe is acknowledged': 'Must resolve only when the store has acknowledged',
  'gap after loss': 'Must be sent after the subscriptions are whole again',
  'revision differs': 'Must differ from an earlier answer when any process has written since',
  'scan lists': 'Must list every key that exists during the whole scan at least once; expired keys must not appear',
  'cleanup spares': 'Must not touch any other',
  'keys are opaque': 'A backend must treat it as opaque and map it injectively',
  'versions differ': 'Two versions of a key must differ when their values differ, also across a delete',
} as const

export type MustName = keyof typeof musts
