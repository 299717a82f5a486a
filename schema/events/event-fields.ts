import { TidingsError } from '../../src/errors.ts';
import { maxExampleLength, maxFieldNames, type FieldCount } from '../../src/event/field-collector.ts';
import { sampleFields, type SampledFields } from '../../src/store/queries/sample-fields.ts';
import { builder } from '../builder.ts';
import { requires } from '../permissions.ts';
import { EventFilter, filterOf } from './filter.ts';

const EventFieldType = builder.objectRef<FieldCount>('EventField').implement({
  description: 'A label key, a role or a payload path that events have.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'The label key, the role, or the path as filters, counts and payloadAt accept it.' }),
    count: t.exposeInt('count', { description: 'The number of sampled events that have it.' }),
    example: t.expose('example', {
      type: 'JSON',
      nullable: true,
      description: `A value from one of these events: for a label its value, for a role the id of a resource. Strings are cut after ${maxExampleLength} characters.`,
    }),
  }),
});

const names = `Most frequent first, ties by code point; at most ${maxFieldNames}.`;

const EventFieldsType = builder.objectRef<SampledFields>('EventFields').implement({
  description: 'The label keys, roles and payload paths of a sample of events.',
  fields: (t) => ({
    sampled: t.exposeInt('sampled', { description: 'The number of events in the sample: all that match, or `sample` of them.' }),
    labels: t.field({
      type: [EventFieldType],
      description: `Keys of labels of primary and related resources. ${names}`,
      resolve: ({ labels }) => [...labels],
    }),
    roles: t.field({
      type: [EventFieldType],
      description: `Roles of related resources. ${names}`,
      resolve: ({ roles }) => [...roles],
    }),
    payloadPaths: t.field({
      type: [EventFieldType],
      description: `Paths of payload values, except non-empty objects and lists. A step \`*\` stands for every element of a list. ${names}`,
      resolve: ({ payloadPaths }) => [...payloadPaths],
    }),
  }),
});

builder.queryField('eventFields', (t) =>
  t.field({
    authScopes: requires('read'),
    type: EventFieldsType,
    description:
      'Which label keys, roles and payload paths the newest matching events have, with how many of them have each, and an example. For completion and columns.',
    args: {
      filter: t.arg({ type: EventFilter }),
      sample: t.arg.int({
        defaultValue: defaultSample,
        description: 'The maximum number of events to sample, 1 to 10,000. Each adds 5 to the cost of the operation.',
      }),
    },
    resolve: async (_root, { filter, sample }, context) => {
      const condition = filterOf(filter, context);
      const request = { filter: condition, sample: checkSample(sample ?? defaultSample), head: await context.loaders.head() };
      return sampleFields(context.loaders.database, request);
    },
  }),
);

function checkSample(sample: number): number {
  if (sample >= 1 && sample <= maxSample) return sample;
  throw new TidingsError('BAD_USER_INPUT', `sample: expected a whole number from 1 to ${maxSample}, got ${sample}`, { path: ['sample'] });
}

const defaultSample = 1000;
/** One operation reads the whole sample, page by page. */
const maxSample = 10_000;
