import * as fc from 'fast-check';

/** Numbers of JSON around the limits of doubles and of integers, and the same numbers in other notations. */
export const interestingTokens: readonly string[] = [
  ...[2n ** 53n, 2n ** 63n, 2n ** 64n].flatMap((limit) =>
    [-1n, 0n, 1n].flatMap((difference) => [String(limit + difference), String(-limit - difference)]),
  ),
  ...'0 -0 1 1.0 1e0 10e-1 0.1 0.10000000000000000 0.1000000000000000055511151231257827'.split(' '),
  ...'1.0000000000000000001 9007199254740993.0 9.007199254740993e15 9007199254740992.5 18446744073709552000 12345678901234567890.123456789012345 1e22 1e23 1e308'.split(
    ' ',
  ),
  ...'1e309 -1e309 1e-323 1e-324 1e-400 1.5e-400 5e-324 4.9406564584124654e-324'.split(' '),
];

/** Any number with up to 40 digits and an exponent, or one that is close to a limit. */
export const anyToken: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(...interestingTokens),
  fc
    .tuple(
      fc.boolean(),
      fc.bigInt({ min: 0n, max: 10n ** 20n }),
      fc.option(fc.stringMatching(/^[0-9]{1,20}$/)),
      fc.option(fc.integer({ min: -330, max: 330 }), { freq: 4 }),
    )
    .map(
      ([isNegative, whole, fraction, exponent]) =>
        `${isNegative ? '-' : ''}${whole}${fraction === null ? '' : `.${fraction}`}${exponent === null ? '' : `e${exponent}`}`,
    ),
);

/** -1, 0 or 1: compares the decimals as fractions of integers. */
export function compareTokens(a: string, b: string): number {
  const [x, y] = [fractionOf(a), fractionOf(b)];
  const difference = x.numerator * y.denominator - y.numerator * x.denominator;
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

/** The same text for equal numbers. */
export function valueOfToken(token: string): string {
  const { numerator, denominator } = fractionOf(token);
  let [n, d] = [numerator, denominator];
  while (d > 1n && n % 10n === 0n) [n, d] = [n / 10n, d / 10n];
  return `${n}/${d}`;
}

function fractionOf(token: string): { readonly numerator: bigint; readonly denominator: bigint } {
  const [mantissa = '', exponent = '0'] = token.toLowerCase().split('e');
  const [whole = '', fraction = ''] = mantissa.split('.');
  const scale = Number(exponent) - fraction.length;
  const numerator = BigInt(whole + fraction);
  return scale < 0 ? { numerator, denominator: 10n ** BigInt(-scale) } : { numerator: numerator * 10n ** BigInt(scale), denominator: 1n };
}
