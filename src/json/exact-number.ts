/**
 * A number of JSON that no double holds: 9007199254740993, 0.1000000000000000055, 1e400.
 *
 * Assumes: only `numberOf` makes one.
 * Guarantees: two are equal exactly if their texts are. None equals a double, because a double
 * stands for the decimal that `String` makes of it. So equality needs no arithmetic.
 * Does not guarantee the notation: 9007199254740993.0 has the text 9007199254740993.
 *
 * Node 20 has no `JSON.rawJSON`: `stringifyJson` writes the digits, and `JSON.stringify` a string.
 */
export class ExactNumber {
  // Private, so that code that visits the keys of objects finds none.
  readonly #text: string;
  readonly #isTooLong: boolean;

  constructor(text: string, isTooLong: boolean) {
    this.#text = text;
    this.#isTooLong = isTooLong;
  }

  /** In decimal notation without an exponent and without needless zeros. */
  get text(): string {
    return this.#text;
  }

  /** It has more than `maxNumberDigits`. Such a number is rejected, and its text is as received. */
  get isTooLong(): boolean {
    return this.#isTooLong;
  }

  toString(): string {
    return this.#text;
  }

  toJSON(): string {
    conversions += 1;
    return this.#text;
  }
}

/**
 * Digits of a number without an exponent. With more, a few bytes such as 1e100000 would become
 * 100,001 in the database and in every response.
 */
export const maxNumberDigits = 1000;

/** Counts the exact numbers that `JSON.stringify` has met, so that a caller notices one. */
export function conversionCount(): number {
  return conversions;
}

let conversions = 0;

/** The number of a JSON token: a double if that has the same value, else an ExactNumber. */
export function numberOf(token: string): number | ExactNumber {
  const double = Number(token);
  if (String(double) === token) return double;
  const decimal = decimalOf(token);
  if (Number.isFinite(double) && compareDecimals(decimal, decimalOf(String(double))) === 0) return double;
  const isTooLong = digitCount(decimal) > maxNumberDigits;
  return new ExactNumber(isTooLong ? token : plainText(decimal), isTooLong);
}

/** Negative, zero or positive, as a is less than, equal to or greater than b. */
export function compareNumbers(a: number | ExactNumber, b: number | ExactNumber): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  return compareDecimals(decimalOf(String(a)), decimalOf(String(b)));
}

export function isNumber(value: unknown): value is number | ExactNumber {
  return typeof value === 'number' || value instanceof ExactNumber;
}

/** Whether a JSON value is a number that can be neither stored nor compared. */
export function isUnusableNumber(value: unknown): boolean {
  return typeof value === 'number' ? !Number.isFinite(value) : value instanceof ExactNumber && value.isTooLong;
}

/** Whether a JSON value is an object, not an array. */
export function isJsonObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof ExactNumber);
}

/** Whether a JSON value is neither an object nor an array. */
export function isJsonScalar(value: unknown): boolean {
  return typeof value !== 'object' || value === null || value instanceof ExactNumber;
}

/**
 * A primitive value that equal scalars have in common, for sets and maps. U+0000, which neither
 * events nor filters can contain, distinguishes numbers from strings.
 */
export function lookupKey<T>(value: T): Exclude<T, ExactNumber> | string {
  return value instanceof ExactNumber ? `\0${value.text}` : (value as Exclude<T, ExactNumber>);
}

/** The value ±0.d₁d₂d₃… × 10^exponent; no digits for zero. */
interface Decimal {
  readonly isNegative: boolean;
  /** Neither begins nor ends with 0. */
  readonly digits: string;
  readonly exponent: number;
}

function decimalOf(token: string): Decimal {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = numberPattern.exec(token) ?? [];
  const significant = `${whole}${fraction}`.replace(/^0+/, '');
  const leadingZeros = whole.length + fraction.length - significant.length;
  const digits = withoutTrailingZeros(significant);
  if (digits === '') return { isNegative: false, digits, exponent: 0 };
  return { isNegative: sign === '-', digits, exponent: whole.length - leadingZeros + Number(exponent) };
}

const numberPattern = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;

/** A pattern such as /0+$/ takes the square of the length of zeros that other digits follow. */
function withoutTrailingZeros(digits: string): string {
  let end = digits.length;
  while (end > 0 && digits.charCodeAt(end - 1) === 0x30) end -= 1;
  return digits.slice(0, end);
}

function compareDecimals(a: Decimal, b: Decimal): number {
  if (a.digits === '' || b.digits === '') return signOf(a) - signOf(b);
  if (a.isNegative !== b.isNegative) return signOf(a) - signOf(b);
  const magnitude = a.exponent === b.exponent ? compareDigits(a.digits, b.digits) : a.exponent - b.exponent;
  return a.isNegative ? -magnitude : magnitude;
}

function signOf({ isNegative, digits }: Decimal): number {
  return digits === '' ? 0 : isNegative ? -1 : 1;
}

/** Digits after the same point are in the order of their texts: 12 is less than 123 and 13. */
function compareDigits(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

function digitCount({ digits, exponent }: Decimal): number {
  return Math.max(exponent, 1) + Math.max(digits.length - exponent, 0);
}

function plainText({ isNegative, digits, exponent }: Decimal): string {
  const sign = isNegative ? '-' : '';
  if (exponent <= 0) return `${sign}0.${'0'.repeat(-exponent)}${digits}`;
  if (digits.length <= exponent) return `${sign}${digits}${'0'.repeat(exponent - digits.length)}`;
  return `${sign}${digits.slice(0, exponent)}.${digits.slice(exponent)}`;
}
