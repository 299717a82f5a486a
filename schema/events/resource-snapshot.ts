import { labelOf, nameOf, shownLabels, type RelatedResource, type Resource } from '../../src/event/event.ts';
import { unstorableReason } from '../../src/event/text.ts';
import { builder, reads } from '../builder.ts';
import type { Loaders } from '../loaders.ts';

/** The value of the type Resource: its id, and its newest snapshot, read when a field needs it. */
export interface ResourceReference {
  readonly id: string;
  readonly latest: () => Resource | Promise<Resource>;
}

export const ResourceType = builder.objectRef<ResourceReference>('Resource');

const ResourceSnapshot = builder.interfaceRef<Resource>('ResourceSnapshot').implement({
  description: 'A resource as one event described it. It has no `id` on purpose: two snapshots of one resource are different objects.',
  fields: (t) => ({
    resourceId: t.exposeID('id', {
      description: 'The identifier of the resource: quasi-stable and dot-delimited, such as acme.user.kiki.',
    }),
    name: t.string({
      nullable: true,
      extensions: reads('labels'),
      description: 'The label prefect.resource.name, or prefect.name, or null.',
      resolve: nameOf,
    }),
    labels: t.field({
      type: 'Labels',
      extensions: reads('labels'),
      description: 'All labels except prefect.resource.id and prefect.resource.role, which are fields.',
      resolve: shownLabels,
    }),
    label: t.string({
      nullable: true,
      extensions: reads('labels'),
      description: 'The value of one label, including those that are fields; null when the resource has no such label.',
      args: { key: t.arg.string({ required: true }) },
      resolve: (snapshot, { key }) => labelOf(snapshot, key),
    }),
    resource: t.field({
      type: ResourceType,
      description: 'The resource itself, as its newest event describes it.',
      resolve: (snapshot, _args, { loaders }) => referenceOf(snapshot, loaders),
    }),
  }),
});

export const PrimaryResourceType = builder.objectRef<Resource>('PrimaryResource').implement({
  description: 'The resource that an event concerns, as that event described it.',
  interfaces: [ResourceSnapshot],
});

export const RelatedResourceType = builder.objectRef<RelatedResource>('RelatedResource').implement({
  description: 'A further resource that an event involves, as that event described it, and its role.',
  interfaces: [ResourceSnapshot],
  fields: (t) => ({
    role: t.exposeString('role', { description: 'Its role in the event, for example flow, automation or actor.' }),
  }),
});

/** The resource with this id; null when no event that the caller sees mentions it. */
export async function findResource(id: string, loaders: Loaders): Promise<ResourceReference | null> {
  if (unstorableReason(id) !== null) return null; // no event mentions it, and the database rejects such a parameter
  const latest = await loaders.resource(id);
  return latest === null ? null : referenceTo(latest);
}

/** The resource whose newest snapshot is known. */
export function referenceTo(latest: Resource): ResourceReference {
  return { id: latest.id, latest: () => latest };
}

/** The resource of a snapshot. Falls back to the snapshot if retention has removed its newest event. */
function referenceOf(snapshot: Resource, loaders: Loaders): ResourceReference {
  return { id: snapshot.id, latest: async () => (await loaders.resource(snapshot.id)) ?? snapshot };
}
