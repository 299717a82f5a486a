/**
 * Text of events for a person: control characters and characters that change the direction of text
 * are shown as escapes, so that a text cannot look like another one.
 */
export function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}\u{FEFF}\u{200B}-\u{200D}\u{2060}]/gu, (character) => {
    const known: Readonly<Record<string, string>> = { '\n': String.raw`\n`, '\t': String.raw`\t`, '\r': String.raw`\r` };
    return known[character] ?? String.raw`\u{${character.codePointAt(0)?.toString(16) ?? ''}}`;
  });
}
