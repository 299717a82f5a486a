import { hasFullVisibility, visibleTo } from '../../src/auth/visibility.ts';
import { TidingsError } from '../../src/errors.ts';
import { describeFilter } from '../../src/filter/explain/describe-filter.ts';
import { whyNot, type FailedClause } from '../../src/filter/explain/why-not.ts';
import type { Condition } from '../../src/filter/filter.ts';
import { matchCost } from '../../src/filter/match-cost.ts';
import { estimateMatches, type Estimate } from '../../src/store/queries/estimate.ts';
import { explainPlan, type FilterPlan } from '../../src/store/queries/access-path.ts';
import { builder, reads } from '../builder.ts';
import { requires } from '../permissions.ts';
import { conditionOf, EventFilter } from './filter.ts';

const MatchEstimate = builder.objectRef<Estimate>('MatchEstimate').implement({
  description: 'The number of matching events, counted or estimated.',
  fields: (t) => ({
    count: t.int({ resolve: ({ count }) => Math.min(count, largestInt) }),
    exact: t.exposeBoolean('exact', {
      description: 'True when all matching events were counted, false when the count is extrapolated from a sample.',
    }),
  }),
});

const FailedClauseType = builder.objectRef<FailedClause>('FailedClause').implement({
  description: 'A clause by its path in the filter, what it expected in words, and the value that the event has there.',
  fields: (t) => ({
    path: t.exposeStringList('path', { description: 'The path in the filter, for example ["filter", "related", "0", "role"].' }),
    expected: t.exposeString('expected', {
      description: 'The expected value in words. For people: the wording may change.',
    }),
    got: t.expose('got', {
      type: 'JSON',
      nullable: true,
      description: 'The value that the event has there; null when it has none or the value is too large to show.',
    }),
  }),
});

interface FilterVerdict {
  readonly fails: readonly FailedClause[];
}

const FilterVerdictType = builder.objectRef<FilterVerdict>('FilterVerdict').implement({
  description: 'Whether one event matches a filter, and the clauses that it fails.',
  fields: (t) => ({
    matches: t.boolean({ description: 'Whether the event matches the filter.', resolve: ({ fails }) => fails.length === 0 }),
    fails: t.field({
      type: [FailedClauseType],
      description:
        'The smallest clauses that the event fails; empty when it matches. Each of them alone excludes the event, except clauses below an `or`: there, meeting one alternative is enough.',
      resolve: ({ fails }) => [...fails],
    }),
  }),
});

interface FilterExplanation {
  readonly filter: Condition;
  readonly search: FilterPlan;
}

const FilterExplanationType = builder.objectRef<FilterExplanation>('FilterExplanation').implement({
  description: 'The meaning of a filter in words, and how its events are found. The texts are for people: their wording may change.',
  fields: (t) => ({
    description: t.string({
      description: 'The filter in words; long lists and texts are cut.',
      resolve: ({ filter }) => describeFilter(filter),
    }),
    indexConditions: t.stringList({
      description: 'The conditions answered by an index, in words; empty when the database scans all events in order.',
      resolve: ({ search }) => [...search.indexConditions],
    }),
    index: t.string({ description: 'The index used.', resolve: ({ search }) => search.index }),
    postFilter: t.stringList({
      description: 'The conditions tested on each event found that way, in words.',
      resolve: ({ search }) => [...search.filter],
    }),
    estimate: t.field({
      type: MatchEstimate,
      description: 'How many events match, counted or estimated.',
      resolve: async ({ filter: requested }, _args, { caller, loaders }) => {
        const filter = visibleTo(caller, requested);
        const blockFilter = hasFullVisibility(caller) ? filter : caller.visibilityFilter;
        return estimateMatches(loaders.database, { filter, blockFilter, head: await loaders.head() });
      },
    }),
  }),
});

builder.queryField('explainFilter', (t) =>
  t.field({
    authScopes: requires('read'),
    type: FilterExplanationType,
    description: 'The filter in words, how its newest events are found, and an estimate of how many match.',
    args: { filter: t.arg({ type: EventFilter, required: true }) },
    resolve: (_root, { filter }, context) => {
      const condition = conditionOf(filter, context);
      return { filter: condition, search: explainPlan(condition) };
    },
  }),
);

builder.queryField('whyNot', (t) =>
  t.field({
    authScopes: requires('read'),
    type: FilterVerdictType,
    nullable: true,
    extensions: reads('labels', 'related', 'payload'),
    description:
      'Which clauses of a filter an event fails; null when there is no such event. The stored event is tested, so this also explains why a subscription did not deliver it.',
    args: {
      filter: t.arg({ type: EventFilter, required: true }),
      eventId: t.arg.id({ required: true, description: 'The id of the event.' }),
    },
    resolve: async (_root, { filter, eventId }, context) => {
      const condition = conditionOf(filter, context); // rejects an invalid filter even if there is no such event
      const event = await context.loaders.event(eventId);
      if (event !== null && matchCost(condition, event) > maxMatchCost) {
        throw new TidingsError(
          'LIMIT_EXCEEDED',
          'The filter is too large to explain against this event. Use fewer or shorter globs and texts.',
        );
      }
      return event === null ? null : { fails: whyNot(filter, event, context.services.limits) };
    },
  }),
);

const largestInt = 2 ** 31 - 1;
/** The maximum match cost of `whyNot`: some milliseconds in memory. */
const maxMatchCost = 5_000_000;
