/** A question to Tidings, to PostGraphile (null: it has no such query) and to Postgres. */
export interface ReadCase {
  readonly name: string;
  readonly tidings: Operation;
  readonly postGraphile: Operation | null;
  readonly sql: string;
  /** What an answer says, so that all of the answers can be compared. */
  readonly said: (answer: Answer) => unknown;
}

export interface Operation {
  readonly query: string;
  readonly variables: object;
}

/** The data of a GraphQL response, or the rows of a statement. */
export type Answer = any;
