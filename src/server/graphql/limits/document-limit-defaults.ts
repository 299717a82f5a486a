/** Limits of a GraphQL document. People and code generators write far smaller ones. */
export const documentLimits = {
  /** Lexical tokens of the whole document. Values belong in variables, which do not count. */
  queryTokens: 10_000,
  /** Levels of nested fields. */
  queryDepth: 20,
  /**
   * Fields and fragments in the document. Validation compares those of one selection set with each
   * other.
   */
  querySelections: 500,
  queryAliases: 100,
  queryDirectives: 50,
  /** Root fields of one operation; each is a query of its own. */
  queryRootFields: 50,
} as const;

export type DocumentLimits = Readonly<Record<keyof typeof documentLimits, number>>;
