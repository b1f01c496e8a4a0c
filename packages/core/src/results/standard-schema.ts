import { BackendError } from '../backend/backend-error.ts'

/** The part of the Standard Schema interface that narrowing needs; the schemas of most validators have it. */
export interface StandardSchema<Output> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>
    readonly types?: { readonly input: unknown; readonly output: Output } | undefined
  }
}

export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly { readonly message: string }[] }

/** The value as the schema makes it; rejects with `unreadable` when it does not fit. */
export async function narrowed<Output>(schema: StandardSchema<Output>, value: unknown): Promise<Output> {
  const checked = await schema['~standard'].validate(value)
  if (checked.issues === undefined) return checked.value
  const reasons = checked.issues.map(({ message }) => message).join('; ')
  throw new BackendError('unreadable', `the stored result does not fit its schema: ${reasons}`)
}
