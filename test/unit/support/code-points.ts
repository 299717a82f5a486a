import * as fc from 'fast-check';

/**
 * Any character except surrogates; small code points are frequent. fast-check's own unit of all
 * characters takes a second to load.
 */
export const codePoint: fc.Arbitrary<string> = fc
  .oneof(fc.integer({ min: 0, max: 0x7f }), fc.integer({ min: 0, max: 0xd7ff }), fc.integer({ min: 0xe000, max: 0x10ffff }))
  .map((code) => String.fromCodePoint(code));

/** Any text that can be stored. */
export function storableText(minLength: number, maxLength: number): fc.Arbitrary<string> {
  return fc.string({ unit: codePoint.map((each) => (each === '\0' ? '0' : each)), minLength, maxLength });
}
