import { ServiceMissing } from './service.ts'

/** The part of a test's context that skips it. */
export interface SkipContext {
  skip(reason: string): never
}

/**
 * Gives the service, or skips the test with the reason why there is none. With CI=true nothing is skipped: what cannot
 * be had there is a failure.
 */
export async function orSkip<T>(service: Promise<T>, context: SkipContext): Promise<T> {
  try {
    return await service
  } catch (error) {
    if (error instanceof ServiceMissing && process.env['CI'] !== 'true') return context.skip(error.message)
    throw error
  }
}
