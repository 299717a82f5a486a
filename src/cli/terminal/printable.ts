/**
 * A text whose control characters, line separators and direction overrides are written as \u escapes, so that names out
 * of events can neither steer the terminal nor break a line. Within JSON text it changes nothing that a parser sees.
 */
export function printable(text: string): string {
  return text.replace(steering, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

const steering = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu;
