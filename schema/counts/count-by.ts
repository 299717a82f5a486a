import { timeUnits } from '../../src/counts/calendar.ts';
import type { CountByInput } from '../../src/counts/dimensions.ts';
import { builder } from '../builder.ts';

const TimeUnit = builder.enumType('TimeUnit', { description: 'Units of the calendar. Weeks start on Monday.', values: timeUnits });

const TimeBuckets = builder.inputType('TimeBuckets', {
  description:
    "Calendar-aware in the time zone given (IANA name); MONTH and YEAR allowed; zero-filled between the filter's occurred bounds, or those of the matching events where a bound is missing, unless that would be more than 10,000 buckets. A bucket's key is its start. Days that have 23 or 25 hours, or begin at 01:00, are what they are; an hour that comes twice is two buckets.",
  fields: (t) => ({
    unit: t.field({ type: TimeUnit, required: true }),
    every: t.int({
      defaultValue: 1,
      description:
        'So many units are one bucket, 1 to 1,000,000. Counted on the clock of the zone: years and months from the year 0 (3 months are quarters), all else from Monday, 2001-01-01, 00:00.',
    }),
    timeZone: t.string({ defaultValue: 'UTC', description: 'An IANA name, such as Europe/Berlin.' }),
  }),
});

const segments = 'Count by the first so many dot-delimited segments; by the whole when left out.';

const EventNameBuckets = builder.inputType('EventNameBuckets', {
  description: 'Counts by the name of the event. With segments: by the first n dot-delimited segments of the name.',
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
    'Counts by the ids of the related resources in this role. An event with several of them is counted once for each id, so that counts may add up to more than the total.',
  fields: (t) => ({ role: t.string({ required: true }) }),
});

const PayloadBuckets = builder.inputType('PayloadBuckets', {
  description:
    'Counts by the value at a path of the payload: a string itself, anything else (also the JSON value null) as its JSON. Equal values are one key.',
  fields: (t) => ({
    path: t.string({ required: true, description: 'Dotted keys; a number steps into a list; a key with a dot in it is quoted: a."b.c".0' }),
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
