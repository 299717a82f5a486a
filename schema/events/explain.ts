import { visibleTo } from '../../src/auth/visibility.ts';
import { TidingsError } from '../../src/errors.ts';
import { matchCost } from '../../src/filter/match-cost.ts';
import { describeFilter } from '../../src/filter/explain/describe-filter.ts';
import type { Condition } from '../../src/filter/filter.ts';
import { whyNot, type FailedClause } from '../../src/filter/explain/why-not.ts';
import { estimateMatches, type Estimate } from '../../src/store/queries/estimate.ts';
import { explainPlan, type FilterPlan } from '../../src/store/queries/explain-plan.ts';
import { builder } from '../builder.ts';
import { conditionOf, EventFilter } from './filter.ts';

const MatchEstimate = builder.objectRef<Estimate>('MatchEstimate').implement({
  description: 'How many events match, counted or estimated.',
  fields: (t) => ({
    count: t.int({ resolve: ({ count }) => Math.min(count, largestInt) }),
    exact: t.exposeBoolean('exact', {
      description: 'True when all that match were counted; else some were, and the rest follows from them.',
    }),
  }),
});

const largestInt = 2 ** 31 - 1;
/** Steps that telling why not may take in memory, some milliseconds. */
const maxMatchCost = 5_000_000;

const FailedClauseType = builder.objectRef<FailedClause>('FailedClause').implement({
  description: 'A part of a filter that an event fails.',
  fields: (t) => ({
    path: t.exposeStringList('path', { description: 'Where in the filter, for example ["filter", "related", "0", "role"].' }),
    expected: t.exposeString('expected', {
      description: 'What the event would have to be, in words. Meant for people: the wording may change.',
    }),
    got: t.expose('got', { type: 'JSON', nullable: true, description: 'What it has there; null when nothing or too much to show.' }),
  }),
});

interface FilterVerdict {
  readonly fails: readonly FailedClause[];
}

const FilterVerdictType = builder.objectRef<FilterVerdict>('FilterVerdict').implement({
  description: 'Whether one event matches a filter, and what keeps it from that.',
  fields: (t) => ({
    matches: t.boolean({ description: 'Whether the event matches the filter.', resolve: ({ fails }) => fails.length === 0 }),
    fails: t.field({
      type: [FailedClauseType],
      description:
        'The parts of the filter that the event fails, the smallest that can be named; none when it matches. Each keeps the event out by itself, but the parts of an or: they stand below the or, and it is enough to meet one of its alternatives.',
      resolve: ({ fails }) => [...fails],
    }),
  }),
});

interface FilterExplanation {
  readonly filter: Condition;
  readonly search: FilterPlan;
}

const FilterExplanationType = builder.objectRef<FilterExplanation>('FilterExplanation').implement({
  description: 'What a filter means, and how its events are found. The texts are meant for people: their wording may change.',
  fields: (t) => ({
    description: t.string({
      description: 'Which events the filter lets pass, in words; long lists and texts are cut.',
      resolve: ({ filter }) => describeFilter(filter),
    }),
    indexConditions: t.stringList({
      description: 'The parts by which the database finds events first, in words; none when it has to look at all of them, in order.',
      resolve: ({ search }) => [...search.indexConditions],
    }),
    index: t.string({ description: 'The index that it goes through.', resolve: ({ search }) => search.index }),
    postFilter: t.stringList({
      description: 'The parts that are only checked on the events found so, in words.',
      resolve: ({ search }) => [...search.filter],
    }),
    estimate: t.field({
      type: MatchEstimate,
      description: 'How many events match.',
      resolve: async ({ filter }, _args, { services, caller, loaders }) =>
        estimateMatches(services.database, visibleTo(caller, filter), await loaders.head()),
    }),
  }),
});

builder.queryField('explainFilter', (t) =>
  t.field({
    type: FilterExplanationType,
    description: 'What a filter means, how the newest events that match are found, and about how many there are.',
    args: { filter: t.arg({ type: EventFilter, required: true }) },
    resolve: (_root, { filter }, context) => {
      const condition = conditionOf(filter, context);
      return { filter: condition, search: explainPlan(condition) };
    },
  }),
);

builder.queryField('whyNot', (t) =>
  t.field({
    type: FilterVerdictType,
    nullable: true,
    description:
      'Why a filter does not let an event pass, part by part; null when there is no such event. The event is looked at as it is stored, so this also explains what a subscription did not deliver.',
    args: {
      filter: t.arg({ type: EventFilter, required: true }),
      eventId: t.arg.id({ required: true, description: 'The id of the event.' }),
    },
    resolve: async (_root, { filter, eventId }, context) => {
      const condition = conditionOf(filter, context); // a filter that breaks a rule is refused whether there is the event or not
      const event = await context.loaders.event(eventId);
      if (event !== null && matchCost(condition, event) > maxMatchCost) {
        throw new TidingsError(
          'LIMIT_EXCEEDED',
          'The globs and texts of this filter are too large to be explained against so large an event.',
        );
      }
      return event === null ? null : { fails: whyNot(filter, event, context.services.limits) };
    },
  }),
);
