export { addCondition, removeCondition, stateOf } from './edit-query.ts';
export { itemAtPath, parseQuery } from './parse-query.ts';
