import { allPermissions } from '../../src/auth/caller.ts';
import type { CreatedKey } from '../../src/auth/api-keys.ts';
import type { StoredKey } from '../../src/store/api-keys.ts';
import { builder } from '../builder.ts';
import { EventFilter } from '../events/filter.ts';

const Permission = builder.enumType('Permission', {
  description: 'What a key may do.',
  values: {
    EMIT: { value: allPermissions[0], description: 'Tell what happened.' },
    READ: { value: allPermissions[1], description: 'Ask what happened, and listen.' },
    ADMIN: { value: allPermissions[2], description: 'Make and revoke keys, and look after the service. Does not include the others.' },
  } as const,
});

const ApiKey = builder.objectRef<StoredKey>('ApiKey').implement({
  description: 'A key that lets a program in, without its secret.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Also in the clear part of the secret.' }),
    name: t.exposeString('name', { description: 'For people.' }),
    permissions: t.field({
      type: [Permission],
      resolve: ({ permissions }) => allPermissions.filter((permission) => permissions.includes(permission)),
    }),
    filter: t.expose('filter', {
      type: 'JSON',
      nullable: true,
      description: 'An EventFilter: for the key, only the events exist that match it. Null: all do.',
    }),
    emitPrefix: t.exposeString('emitPrefix', {
      nullable: true,
      description: 'It may emit only events whose primary resource has an id that begins so. Null: any.',
    }),
    created: t.expose('created', { type: 'DateTime' }),
    expires: t.expose('expires', { type: 'DateTime', nullable: true, description: 'From then on it is good for nothing. Null: never.' }),
    revoked: t.expose('revoked', { type: 'DateTime', nullable: true, description: 'Since then it is good for nothing.' }),
  }),
});

const CreateApiKeyInput = builder.inputType('CreateApiKeyInput', {
  description: 'A key to make.',
  fields: (t) => ({
    name: t.string({ required: true, description: 'For people, 1 to 255 characters.' }),
    permissions: t.field({ type: [Permission], defaultValue: ['emit', 'read'] }),
    filter: t.field({
      type: EventFilter,
      description: 'For the key, only the events exist that match. It is ANDed to everything it reads.',
    }),
    emitPrefix: t.string({ description: 'It may emit only events whose primary resource has an id that begins so.' }),
    expires: t.field({ type: 'DateTime', description: 'When it stops being good; never, when left out.' }),
  }),
});

const CreateApiKeyPayload = builder.objectRef<CreatedKey>('CreateApiKeyPayload').implement({
  fields: (t) => ({
    key: t.expose('key', { type: ApiKey }),
    secret: t.exposeString('secret', {
      description: 'What the program sends as "Authorization: Bearer …". It is not kept, and never shown again.',
    }),
  }),
});

builder.queryField('me', (t) =>
  t.field({
    type: ApiKey,
    nullable: true,
    description:
      'The API key of this request; null where the server requires none. Requires no permission. TIDINGS_ADMIN_KEY has the id admin, and counts as created when this process started.',
    resolve: (_root, _args, { services, caller }) => services.keys.of(caller),
  }),
);

builder.queryField('apiKeys', (t) =>
  t.field({
    type: [ApiKey],
    description: 'Every key there ever was, the oldest first. For keys that may ADMIN.',
    resolve: async (_root, _args, { services }) => [...(await services.keys.list())],
  }),
);

builder.mutationFields((t) => ({
  createApiKey: t.field({
    type: CreateApiKeyPayload,
    description:
      'Makes a key. With the first one the server closes: whoever has none is refused from then on. For keys that may ADMIN. Told in the log as tidings.api-key.created.',
    args: { input: t.arg({ type: CreateApiKeyInput, required: true }) },
    resolve: async (_root, { input }, { services, caller }) => {
      const created = await services.keys.create({ ...input, permissions: input.permissions ?? ['emit', 'read'] });
      await services.audit.keyCreated(created.key, caller);
      return created;
    },
  }),
  revokeApiKey: t.field({
    type: ApiKey,
    description:
      'Revokes a key: what is open for it is closed within 5 seconds, everywhere, and nothing more is stored for it. For keys that may ADMIN. Told in the log as tidings.api-key.revoked.',
    args: { id: t.arg.id({ required: true }) },
    resolve: async (_root, { id }, { services, caller }) => {
      const revoked = await services.keys.revoke(id);
      await services.audit.keyRevoked(revoked, caller);
      return revoked;
    },
  }),
}));
