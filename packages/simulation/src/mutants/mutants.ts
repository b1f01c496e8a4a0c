import type { Mutant } from './mutant.ts'
import { protocol } from './protocol.ts'
import { rules } from './rules.ts'

export const mutants: readonly Mutant[] = [...protocol, ...rules]
