import { timeUnits } from '../../src/counts/calendar.ts';
import type { CountByInput } from '../../src/counts/dimensions.ts';
import { builder } from '../builder.ts';

const TimeUnit = builder.enumType('TimeUnit', { description: 'Units of the calendar. Weeks start on Monday.', values: timeUnits });

const TimeBuckets = builder.inputType('TimeBuckets', {
  description:
    "Calendar-aware in the time zone given (IANA name); MONTH and YEAR allowed; zero-filled between the filter's occurred bounds, unless that would be more than 10,000 buckets. A missing bound is taken from the matching events. The key of a bucket is its start. Days may have 23 or 25 hours, or begin at 01:00. An hour that occurs twice is two buckets.",
  fields: (t) => ({
    unit: t.field({ type: TimeUnit, required: true }),
    every: t.int({
      defaultValue: 1,
      description:
        'The number of units per bucket, 1 to 1,000,000. Local time of the zone decides. Years and months count from the year 0 (3 months are quarters), other units from Monday, 2001-01-01, 00:00.',
    }),
    timeZone: t.string({ defaultValue: 'UTC', description: 'An IANA name, such as Europe/Berlin.' }),
  }),
});

const segments = 'The number of leading dot-delimited segments to count by; the whole text when left out.';

const EventNameBuckets = builder.inputType('EventNameBuckets', {
  description: 'Counts by event name. With segments: by the first n dot-delimited segments of the name.',
  fields: (t) => ({ segments: t.int({ description: segments }) }),
});

const ResourceBuckets = builder.inputType('ResourceBuckets', {
  description: 'Counts by the id of the primary resource.',
  fields: (t) => ({ segments: t.int({ description: segments }) }),
});

const LabelBuckets = builder.inputType('LabelBuckets', {
  description:
    'Counts by the value of a label of the primary resource. The keys prefect.resource.id and prefect.resource.name read those fields.',
  fields: (t) => ({ key: t.string({ required: true }) }),
});

const RoleBuckets = builder.inputType('RoleBuckets', {
  description:
    'Counts by the ids of the related resources in this role. An event with several of them is counted once for each id, so counts may add up to more than the total.',
  fields: (t) => ({ role: t.string({ required: true }) }),
});

const PayloadBuckets = builder.inputType('PayloadBuckets', {
  description:
    'Counts by the value at a path of the payload: a string as such, any other value (also JSON null) as its JSON text. Equal values share a key.',
  fields: (t) => ({
    path: t.string({
      required: true,
      description: 'Dotted keys. A number selects an element of a list. Quote a key that contains a dot: a."b.c".0',
    }),
  }),
});

export const CountBy = builder.inputRef<CountByInput>('CountBy').implement({
  description: 'One dimension to count by. Exactly one field.',
  isOneOf: true,
  fields: (t) => ({
    time: t.field({ type: TimeBuckets }),
    event: t.field({ type: EventNameBuckets }),
    resource: t.field({ type: ResourceBuckets }),
    label: t.field({ type: LabelBuckets }),
    role: t.field({ type: RoleBuckets }),
    payload: t.field({ type: PayloadBuckets }),
  }),
});
