/** An object with members that are kept as JSON text, so that what only passes them on need not parse them. */
export abstract class JsonTextMembers {
  /** The JSON of a member; null: it is not kept as JSON that can be passed on. */
  abstract jsonTextOf(member: string): string | null;

  /** The length of all JSON that is kept, in UTF-16 code units. */
  abstract get jsonLength(): number;
}

/** The JSON text of an object's member, if it has that, else null. */
export function jsonTextOf(object: unknown, member: string): string | null {
  return object instanceof JsonTextMembers ? object.jsonTextOf(member) : null;
}
