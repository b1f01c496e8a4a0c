/** A number that Python shall read as a float although it is whole, or one whose exact spelling is kept. */
export class PyFloat {
  readonly value: number
  /** The number's spelling in JSON. */
  readonly text: string

  constructor(value: number, text: string = floatRepr(value)) {
    this.value = value
    this.text = text
  }

  valueOf(): number {
    return this.value
  }

  toString(): string {
    return this.text
  }
}

/** Marks a number as a Python float: `float(1)` is written `1.0`. */
export function float(value: number): PyFloat {
  return new PyFloat(value)
}

/** A number as Python's `repr` of a float spells it, and its JSON with it. */
export function floatRepr(value: number): string {
  // `NaN`, `Infinity` and `-Infinity` are called alike in both languages' JSON.
  if (!Number.isFinite(value)) return String(value)
  if (value === 0) return Object.is(value, -0) ? '-0.0' : '0.0'
  const [digits = '', power = ''] = value.toExponential().split('e')
  const exponent = Number(power)
  if (exponent >= -4 && exponent < 16) return decimalNotation(value, exponent)
  return `${digits}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`
}

function decimalNotation(value: number, exponent: number): string {
  // JavaScript changes to exponents only below 1e-6 and above 1e21, so `String` never shows one here.
  return exponent >= 0 && Number.isInteger(value) ? `${value}.0` : String(value)
}

/** A value that is written as text inside Celery's typed envelope. */
abstract class TypedText {
  readonly text: string

  constructor(text: string, pattern: RegExp) {
    if (!pattern.test(text)) throw new TypeError(`Not a valid ${this.constructor.name}: ${text.slice(0, 100)}`)
    this.text = text
  }

  toString(): string {
    return this.text
  }

  toJSON(): string {
    return this.text
  }
}

/** A Python `date`: `YYYY-MM-DD`. */
export class PyDate extends TypedText {
  constructor(text: string) {
    super(text, /^\d{4}-\d\d-\d\d$/)
  }
}

/** A Python `time`: `HH:MM:SS`, perhaps with a fraction and an offset. */
export class PyTime extends TypedText {
  constructor(text: string) {
    super(text, /^\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?(?:Z|[+-]\d\d:\d\d(?::\d\d)?)?$/)
  }
}

/** A Python `Decimal`, as its text. */
export class Decimal extends TypedText {
  constructor(text: string) {
    super(text, /^[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|s?nan\d*|inf(?:inity)?)$/i)
  }
}

/** A Python `UUID`, as its text with dashes. */
export class Uuid extends TypedText {
  constructor(text: string) {
    super(dashed(text), /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
  }

  get hex(): string {
    return this.text.replaceAll('-', '')
  }
}

function dashed(text: string): string {
  const hex = text.toLowerCase().replaceAll('-', '')
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

/** The keys and values of a JSON object that a JavaScript object cannot hold in order: number-like or repeated keys. */
export class JsonEntries {
  readonly entries: readonly (readonly [string, unknown])[]

  constructor(entries: readonly (readonly [string, unknown])[]) {
    this.entries = entries
  }
}
