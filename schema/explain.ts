import { whyNot, type FailedClause } from '../src/event/why-not.ts';
import { builder } from './builder.ts';
import { EventFilter, filterOf } from './filter.ts';

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
  readonly words: string;
}

builder.objectRef<FilterExplanation>('FilterExplanation').implement({
  description: 'What a filter means.',
  fields: (t) => ({
    words: t.exposeString('words', {
      description: 'Which events the filter lets pass, in words; long lists and texts are cut. Meant for people: the wording may change.',
    }),
  }),
});

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
      filterOf(filter, context); // a filter that breaks a rule is refused whether there is the event or not
      const event = await context.reads.event(eventId);
      return event === null ? null : { fails: whyNot(filter, event, context.services.limits) };
    },
  }),
);
