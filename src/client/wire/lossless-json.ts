/**
 * A number of JSON that a double cannot hold, such as 9007199254740993. `parseLossless` makes it,
 * `emit` and `graphql` accept it and bigints, and write the digits.
 *
 * Why a class: Node 20 has no `JSON.rawJSON`, and a bigint cannot hold 0.1000000000000000055.
 */
export class ExactNumber {
  constructor(readonly text: string) {}

  toString(): string {
    return this.text;
  }

  /** Makes `JSON.stringify` write a string. `stringifyLossless` notices the call, and writes a number. */
  toJSON(): string {
    conversions += 1;
    return this.text;
  }
}

let conversions = 0;

/** `JSON.parse`, except that numbers keep their value. */
export function parseLossless(text: string): unknown {
  if (!longNumber.test(text)) return JSON.parse(text) as unknown;
  let found = false;
  const marked = text.replace(stringOrNumber, (token) => {
    if (token.charCodeAt(0) === quote || isExact(token)) return token;
    found = true;
    return `"${mark}${token}"`;
  });
  if (!found) return JSON.parse(text) as unknown;
  return JSON.parse(marked, (_key, value: unknown) =>
    typeof value === 'string' && value.startsWith('\0n') ? new ExactNumber(value.slice(2)) : value,
  ) as unknown;
}

/** `JSON.stringify`, except that an ExactNumber or a bigint is written as a number. */
export function stringifyLossless(value: unknown): string {
  const before = conversions;
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch (error) {
    if (!/bigint/i.test(String(error))) throw error;
  }
  return text !== undefined && conversions === before ? text : (write(value, '') ?? 'null');
}

function write(value: unknown, key: string): string | undefined {
  if (value instanceof ExactNumber || typeof value === 'bigint') return String(value);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if ('toJSON' in value && typeof value.toJSON === 'function') return write((value as { toJSON(key: string): unknown }).toJSON(key), key);
  if (Array.isArray(value)) return `[${value.map((each, index) => write(each, String(index)) ?? 'null').join()}]`;
  const members = Object.entries(value).flatMap(([name, each]) => {
    const text = write(each, name);
    return text === undefined ? [] : `${JSON.stringify(name)}:${text}`;
  });
  return `{${members.join()}}`;
}

/** Whether a double has the value of a number, in decimal digits. */
function isExact(token: string): boolean {
  const double = Number(token);
  return String(double) === token || (Number.isFinite(double) && normal(String(double)) === normal(token));
}

/** Sign, digits without outer zeros, and exponent: equal for equal numbers. */
function normal(token: string): string {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = numberParts.exec(token) ?? [];
  const digits = `${whole}${fraction}`.replace(/^0+/, '');
  const end = digits.length - (/0*$/.exec(digits)?.[0].length ?? 0);
  return end === 0 ? '0' : `${sign}${digits.slice(0, end)}e${Number(exponent) - fraction.length + digits.length - end}`;
}

const numberParts = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;
/** Only these can be numbers that a double cannot hold. Also finds digits inside strings. */
const longNumber = /[\d.]{16}|\d[eE][+-]?\d{3}/;
const stringOrNumber = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d[\d.eE+-]*/g;
/** The server stores no text with U+0000, so no string of a response begins with it. */
const mark = '\\u0000n';
const quote = 0x22;
