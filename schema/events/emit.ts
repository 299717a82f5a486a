import { hasFullVisibility } from '../../src/auth/visibility.ts';
import { TidingsError } from '../../src/errors.ts';
import { problemCodes, type Problem } from '../../src/event/problem.ts';
import { withDefaults } from '../../src/ingest/defaults.ts';
import { removedConcurrently, type Candidate, type Emission, type Outcome } from '../../src/ingest/emitter.ts';
import { builder } from '../builder.ts';
import type { Context } from '../context.ts';
import { createLoaders } from '../loaders.ts';
import { requires } from '../permissions.ts';
import { EventType, logCursor } from './event.ts';

const ResourceInput = builder.inputType('ResourceInput', {
  description: 'The resource that an event concerns.',
  fields: (t) => ({
    id: t.id({ required: true, description: '1 to 1,024 characters.' }),
    name: t.string({ description: 'Stored as the label prefect.resource.name.' }),
    labels: t.field({ type: 'Labels', description: 'At most 500, values up to 10,000 characters.' }),
  }),
});

const RelatedResourceInput = builder.inputType('RelatedResourceInput', {
  description: 'A further resource that an event involves.',
  fields: (t) => ({
    id: t.id({ required: true, description: '1 to 1,024 characters.' }),
    role: t.string({ required: true, description: 'Its role in the event, 1 to 1,024 characters.' }),
    name: t.string({ description: 'Stored as the label prefect.resource.name.' }),
    labels: t.field({ type: 'Labels', description: 'At most 500, values up to 10,000 characters.' }),
  }),
});

const EventInput = builder.inputType('EventInput', {
  description: 'An event to emit.',
  extensions: { passThrough: true }, // see src/server/graphql/passthrough-variables.ts
  fields: (t) => ({
    id: t.id({
      description:
        'Chosen by the client, 1 to 255 characters. Emitting the same event twice stores it once. A UUIDv7 is made when left out.',
    }),
    occurred: t.field({ type: 'DateTime', description: 'Now, when left out.' }),
    event: t.string({ required: true, description: '1 to 1,024 characters.' }),
    resource: t.field({ type: ResourceInput, required: true }),
    related: t.field({ type: [RelatedResourceInput], description: 'At most 100.' }),
    payload: t.field({ type: 'JSONObject', description: 'At most 100 levels deep.' }),
    follows: t.id({ description: 'The id of an event known to have occurred before this one; it need not be stored.' }),
  }),
});

const BatchErrorPolicy = builder.enumType('BatchErrorPolicy', {
  values: {
    REJECT_ALL: { description: 'One invalid event rejects the batch; nothing is stored.' },
    SKIP_REJECTED: { description: 'Invalid events are reported, the others are stored.' },
  } as const,
});

const EmitStatus = builder.enumType('EmitStatus', {
  values: {
    CREATED: {},
    DUPLICATE: { description: 'The same event was stored before; `event` is that one.' },
    REJECTED: {},
  } as const,
});

const UserErrorCode = builder.enumType('UserErrorCode', { values: problemCodes });

const UserError = builder.objectRef<Problem>('UserError').implement({
  description: 'A problem of an event that the client can fix.',
  fields: (t) => ({
    code: t.expose('code', { type: UserErrorCode }),
    message: t.exposeString('message', { description: 'The expected and the received value.' }),
    field: t.stringList({
      description: 'The path in the input, for example ["input", "3", "related", "0", "role"].',
      resolve: ({ path }) => [...path],
    }),
  }),
});

const EmitResult = builder.objectRef<Outcome & { readonly index: number }>('EmitResult').implement({
  fields: (t) => ({
    index: t.exposeInt('index', { description: 'Its index in the batch.' }),
    status: t.expose('status', { type: EmitStatus }),
    event: t.field({
      type: EventType,
      nullable: true,
      description: 'The stored event; null when rejected, and for a duplicate that the key cannot read.',
      async resolve(outcome, _args, { caller, loaders }) {
        if (outcome.status === 'CREATED') return outcome.event;
        if (outcome.status === 'REJECTED') return null;
        const event = await loaders.event(outcome.id);
        if (event === null && hasFullVisibility(caller)) throw removedConcurrently(outcome.id);
        return event;
      },
    }),
    userErrors: t.field({
      type: [UserError],
      resolve: (outcome) => (outcome.status === 'REJECTED' ? [...outcome.problems] : []),
    }),
  }),
});

const EmitEventsPayload = builder.objectRef<Emission>('EmitEventsPayload').implement({
  fields: (t) => ({
    results: t.field({
      type: [EmitResult],
      description: 'One result for each event, in the order given.',
      resolve: ({ outcomes }) => outcomes.map((outcome, index) => ({ ...outcome, index })),
    }),
    created: t.int({ resolve: (emission) => countOf(emission, 'CREATED') }),
    duplicates: t.int({ resolve: (emission) => countOf(emission, 'DUPLICATE') }),
    rejected: t.int({ resolve: (emission) => countOf(emission, 'REJECTED') }),
    head: t.field({
      type: 'Cursor',
      description: "The log's head once the batch is stored.",
      resolve: ({ head }, _args, context) => logCursor(context, head),
    }),
  }),
});

builder.mutationFields((t) => ({
  emitEvent: t.field({
    authScopes: requires('emit'),
    type: EmitResult,
    description: 'Stores an event. Nothing is acknowledged before it is durable.',
    args: { input: t.arg({ type: EventInput, required: true }) },
    resolve: async (_root, { input }, context) => {
      const { outcomes } = await emit(context, [{ event: withDefaults(input), path: ['input'] }], 'REJECT_ALL');
      const [outcome] = outcomes;
      if (outcome === undefined) throw new Error('expected one outcome for one event, got none');
      return { ...outcome, index: 0 };
    },
  }),
  emitEvents: t.field({
    authScopes: requires('emit'),
    type: EmitEventsPayload,
    description: 'Stores a batch of at most 1,000 events in the order given. Nothing is acknowledged before it is durable.',
    args: {
      input: t.arg({ type: [EventInput], required: true }),
      onError: t.arg({ type: BatchErrorPolicy, defaultValue: 'REJECT_ALL' }),
    },
    resolve: (_root, { input, onError }, context) => {
      const maxEvents = context.services.limits.batchEvents;
      if (input.length > maxEvents) {
        throw new TidingsError('LIMIT_EXCEEDED', `input: expected at most ${maxEvents} events in a batch, got ${input.length}`, {
          path: ['input'],
        });
      }
      const candidates = input.map((event, index) => ({ event: withDefaults(event), path: ['input', String(index)] }));
      return emit(context, candidates, onError ?? 'REJECT_ALL');
    },
  }),
}));

/** Emits events. Later reads of this operation include them. */
async function emit(context: Context, candidates: readonly Candidate[], onError: 'REJECT_ALL' | 'SKIP_REJECTED'): Promise<Emission> {
  const emission = await context.services.emitter.emit(candidates, onError, context.caller);
  context.loaders = createLoaders({ ...context.services, database: context.loaders.database }, context);
  return emission;
}

function countOf({ outcomes }: Emission, status: Outcome['status']): number {
  return outcomes.filter((outcome) => outcome.status === status).length;
}
