export { cases } from './cases.ts'
export { registerMatrix } from './register.ts'
export { redisRow } from './stores/redis.ts'
