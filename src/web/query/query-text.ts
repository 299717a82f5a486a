export { addCondition, removeCondition, stateOf } from './edit-query.ts';
export { itemAtPath, parseQuery, type ParsedQuery } from './parse-query.ts';
export type { QueryProblem } from './query-item.ts';
