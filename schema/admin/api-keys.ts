import type { CreatedKey } from '../../src/auth/api-keys.ts';
import { allPermissions } from '../../src/auth/caller.ts';
import { describeVisibility, storedFilterOf } from '../../src/auth/key-visibility.ts';
import type { StoredKey } from '../../src/store/api-keys.ts';
import { builder } from '../builder.ts';
import { EventFilter } from '../events/filter.ts';
import { requires, requiresNothing } from '../permissions.ts';

const Permission = builder.enumType('Permission', {
  description: 'The permissions of an API key.',
  values: {
    EMIT: { value: allPermissions[0], description: 'Emit events.' },
    READ: { value: allPermissions[1], description: 'Query events and subscribe to them.' },
    ADMIN: {
      value: allPermissions[2],
      description: 'Create and revoke API keys, and read rejected events. Does not include the other permissions.',
    },
  } as const,
});

const ApiKey = builder.objectRef<StoredKey>('ApiKey').implement({
  description: 'An API key, without its secret.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Also part of the secret, in clear.' }),
    name: t.exposeString('name', { description: 'A name for people, also in logs and error messages.' }),
    permissions: t.field({
      type: [Permission],
      resolve: ({ permissions }) => allPermissions.filter((permission) => permissions.includes(permission)),
    }),
    filter: t.field({
      type: 'JSON',
      nullable: true,
      description:
        'An EventFilter; only events that match it exist for the key. Null: all events. A filter that this version cannot apply is returned as it is stored; the key then sees no event.',
      resolve: ({ filter }) => storedFilterOf(filter),
    }),
    visibleEvents: t.string({
      description:
        'The events that exist for the key, in words: what its permissions and its filter allow. Reports a stored filter that this version cannot apply. Long lists are cut.',
      resolve: (key, _args, { services }) => describeVisibility(key, services.limits),
    }),
    emitPrefix: t.exposeString('emitPrefix', {
      nullable: true,
      description: 'The key may emit only events whose primary resource id starts with this. Null: any.',
    }),
    created: t.expose('created', { type: 'DateTime' }),
    expires: t.expose('expires', { type: 'DateTime', nullable: true, description: 'When the key stops working. Null: never.' }),
    revoked: t.expose('revoked', { type: 'DateTime', nullable: true, description: 'When the key was revoked. Null: not revoked.' }),
  }),
});

const CreateApiKeyInput = builder.inputType('CreateApiKeyInput', {
  description: 'An API key to create.',
  fields: (t) => ({
    name: t.string({ required: true, description: 'A name for people, 1 to 255 characters.' }),
    permissions: t.field({ type: [Permission], defaultValue: ['emit', 'read'] }),
    filter: t.field({
      type: EventFilter,
      description:
        'Only events that match it exist for the key: it is ANDed to every read. Without it: all events. Rejected if a part of it excludes nothing, such as {} or startsWith with a null.',
    }),
    emitPrefix: t.string({ description: 'The key may emit only events whose primary resource id starts with this. Without it: any.' }),
    expires: t.field({ type: 'DateTime', description: 'When the key stops working. Without it: never.' }),
  }),
});

const CreateApiKeyPayload = builder.objectRef<CreatedKey>('CreateApiKeyPayload').implement({
  fields: (t) => ({
    key: t.expose('key', { type: ApiKey }),
    secret: t.exposeString('secret', {
      description: 'The secret that clients send as "Authorization: Bearer …". Shown once; stored as a hash.',
    }),
  }),
});

builder.queryField('me', (t) =>
  t.field({
    authScopes: requiresNothing,
    type: ApiKey,
    nullable: true,
    description:
      'The API key of this request; null where the server requires none. Requires no permission. The key of TIDINGS_ADMIN_KEY has the id admin, and its `created` is the start of this process.',
    resolve: (_root, _args, { services, caller }) => services.keys.of(caller),
  }),
);

builder.queryField('apiKeys', (t) =>
  t.field({
    authScopes: requires('admin'),
    type: [ApiKey],
    description: 'All API keys ever created, including expired and revoked ones, oldest first. Requires ADMIN.',
    resolve: async (_root, _args, { services }) => [...(await services.keys.list())],
  }),
);

builder.mutationFields((t) => ({
  createApiKey: t.field({
    authScopes: requires('admin'),
    type: CreateApiKeyPayload,
    description:
      'Creates an API key. Once the first key exists, the server rejects requests without a key. Recorded in the log as the event tidings.api-key.created. Requires ADMIN.',
    args: { input: t.arg({ type: CreateApiKeyInput, required: true }) },
    resolve: async (_root, { input }, { services, caller }) => {
      const created = await services.keys.create({ ...input, permissions: input.permissions ?? ['emit', 'read'] });
      await services.audit.keyCreated(created.key, caller);
      return created;
    },
  }),
  revokeApiKey: t.field({
    authScopes: requires('admin'),
    type: ApiKey,
    description:
      'Revokes an API key. All processes close its connections within 5 seconds and store nothing more for it. Recorded in the log as the event tidings.api-key.revoked. Requires ADMIN.',
    args: { id: t.arg.id({ required: true }) },
    resolve: async (_root, { id }, { services, caller }) => {
      const revoked = await services.keys.revoke(id);
      await services.audit.keyRevoked(revoked, caller);
      return revoked;
    },
  }),
}));
