/** One condition of the filter, as a click on a value of the page adds it. */
export type Condition =
  /** `value` may be a glob, such as acme.order.* */
  | { readonly is: 'event'; readonly value: string }
  /** The primary resource; `value` may be a glob. */
  | { readonly is: 'resource'; readonly value: string }
  /** A related resource in a role; null: in any. */
  | { readonly is: 'related'; readonly role: string | null; readonly value: string }
  /** A label of the primary resource. */
  | { readonly is: 'label'; readonly key: string; readonly value: string }
  | { readonly is: 'payload'; readonly path: string; readonly value: unknown }
  | { readonly is: 'follows'; readonly value: string };
