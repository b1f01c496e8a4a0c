import type { Results } from '@arpeggio/core'

/** What the cases ask of the side that runs in Node. `Results` is one; the clients that we compare with are made into others. */
export type NodeSide = Pick<
  Results,
  | 'apply'
  | 'storeResult'
  | 'updateState'
  | 'markAsStarted'
  | 'markAsDone'
  | 'markAsFailure'
  | 'markAsRetry'
  | 'markAsRevoked'
  | 'getTaskMeta'
  | 'waitFor'
  | 'watch'
  | 'asCompleted'
  | 'exists'
  | 'forget'
  | 'saveGroup'
  | 'restoreGroup'
  | 'deleteGroup'
  | 'close'
>
