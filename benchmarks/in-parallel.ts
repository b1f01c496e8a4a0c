/** Calls `operation` for 0 to `count` − 1, `concurrency` of them at a time. */
export async function inParallel(
  count: number,
  concurrency: number,
  operation: (index: number) => Promise<unknown>,
): Promise<void> {
  let next = 0
  const lane = async (): Promise<void> => {
    while (next < count) {
      const index = next
      next += 1
      await operation(index)
    }
  }
  await Promise.all(Array.from({ length: concurrency }, lane))
}
