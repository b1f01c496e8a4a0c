// Celery puts arguments that come later, such as the result of the step before, in front of those given already.
// So what is given are the last parameters, and what is missing are the first.

/** Everything that may be given beforehand: the parameters from any position on. */
export type Given<Args extends readonly unknown[]> =
  | Args
  | (number extends Args['length'] ? Args : Args extends readonly [unknown?, ...infer Tail] ? SuffixOf<Tail> : never)

/** Everything that may come later: leading parameters that make a complete call together with those given. */
export type Missing<Args extends readonly unknown[], Present extends readonly unknown[]> = number extends Args['length']
  ? Args
  : Completing<Prefix<Required<Args>>, Present, Args>

type SuffixOf<Tail extends readonly unknown[]> = Tail extends readonly [] ? [] : Given<Tail>

type Prefix<Args extends readonly unknown[]> = Args extends readonly [...infer Head, unknown] ? Args | Prefix<Head> : []

// Distributes over the prefixes.
type Completing<
  Head extends readonly unknown[],
  Present extends readonly unknown[],
  Args extends readonly unknown[],
> = Head extends readonly unknown[] ? (readonly [...Head, ...Present] extends Readonly<Args> ? Head : never) : never
