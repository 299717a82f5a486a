/**
 * GraphQL's EventFilter as it arrives: GraphQL checked its types, nothing checked its meaning. Null
 * means left out.
 */
export interface EventFilterInput {
  readonly id?: readonly string[] | null | undefined;
  readonly occurred?: TimeRangeInput | null | undefined;
  readonly received?: TimeRangeInput | null | undefined;
  readonly event?: NameFilterInput | null | undefined;
  readonly resource?: ResourceFilterInput | null | undefined;
  readonly related?: readonly RelatedFilterInput[] | null | undefined;
  readonly anyResource?: readonly ResourceFilterInput[] | null | undefined;
  readonly payload?: readonly PayloadFilterInput[] | null | undefined;
  readonly follows?: readonly string[] | null | undefined;
  readonly text?: string | null | undefined;
  readonly and?: readonly EventFilterInput[] | null | undefined;
  readonly or?: readonly EventFilterInput[] | null | undefined;
  readonly not?: EventFilterInput | null | undefined;
}

export interface TimeRangeInput {
  readonly since?: string | null | undefined;
  readonly until?: string | null | undefined;
}

export interface NameFilterInput {
  readonly in?: readonly string[] | null | undefined;
  readonly startsWith?: readonly string[] | null | undefined;
  readonly like?: readonly string[] | null | undefined;
  readonly notIn?: readonly string[] | null | undefined;
  readonly notStartsWith?: readonly string[] | null | undefined;
  readonly notLike?: readonly string[] | null | undefined;
}

export interface PayloadFilterInput {
  readonly path: string;
  readonly exists?: boolean | null | undefined;
  /** Null is the JSON value null, also inside `in`. Undefined means left out. */
  readonly eq?: unknown;
  readonly in?: readonly unknown[] | null | undefined;
  readonly gt?: unknown;
  readonly gte?: unknown;
  readonly lt?: unknown;
  readonly lte?: unknown;
}

export interface ResourceFilterInput {
  readonly id?: NameFilterInput | null | undefined;
  readonly labels?: readonly LabelFilterInput[] | null | undefined;
}

export interface RelatedFilterInput extends ResourceFilterInput {
  readonly role?: readonly string[] | null | undefined;
}

export interface LabelFilterInput {
  readonly key: string;
  readonly exists?: boolean | null | undefined;
  readonly in?: readonly string[] | null | undefined;
  readonly notIn?: readonly string[] | null | undefined;
  readonly like?: readonly string[] | null | undefined;
  readonly notLike?: readonly string[] | null | undefined;
}
