/** What a GraphQL document may hold; most of it was said by a person or a code generator, so these are far above both. */
export const documentLimits = {
  /** Lexical tokens of the whole document. Values belong in variables, which count for nothing here. */
  queryTokens: 10_000,
  /** Fields within fields. */
  queryDepth: 20,
  /** Fields and fragments that stand in the document. Validation compares those of one place with each other. */
  querySelections: 500,
  queryAliases: 100,
  queryDirectives: 50,
  /** Fields of one operation's root, each of which is a question of its own. */
  queryRootFields: 50,
} as const;

export type DocumentLimits = Readonly<Record<keyof typeof documentLimits, number>>;
