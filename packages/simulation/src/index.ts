export { Choices, type Choice, type ChoiceKind } from './choices.ts'
export { shrink } from './shrink.ts'
export { runList, runSeed, traceOf, type Outcome, type Workload } from './workload.ts'
export { precedence } from './workloads/precedence.ts'
