/** Numbers of at least 0 and below 1, the same for the same seed. */
export type Random = () => number

/** `sfc32`: small, fast, and good enough to pick schedules. The seed is stirred first, so that 1 and 2 have nothing in common. */
export function randomOf(seed: number): Random {
  let a = stir(seed)
  let b = stir(seed + 0x9e37_79b9)
  let c = stir(Math.floor(seed / 2 ** 32) + 0x85eb_ca6b)
  let counter = 1
  return () => {
    const sum = (((a + b) | 0) + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (c << 21) | (c >>> 11)
    c = (c + sum) | 0
    return (sum >>> 0) / 2 ** 32
  }
}

function stir(seed: number): number {
  let value = seed | 0
  value = Math.imul(value ^ (value >>> 16), 0x21f0_aaad)
  value = Math.imul(value ^ (value >>> 15), 0x735a_2d97)
  return value ^ (value >>> 15)
}
