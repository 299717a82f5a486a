import { TidingsError } from '../src/errors.ts';
import { decodeWithChecksum, encodeWithChecksum } from '../src/event/cursor.ts';
import { unstorableReason } from '../src/event/text.ts';
import { builder } from './builder.ts';
import { findResource } from './events/resource-snapshot.ts';
import { requires } from './permissions.ts';

/** The value of the interface Node: a StoredEvent or a reference to a resource. */
interface Identified {
  readonly id: string;
}

export const Node = builder.interfaceRef<Identified>('Node').implement({
  description: 'An object with a globally unique id.',
  fields: (t) => ({
    nodeId: t.id({
      description:
        'A globally unique id of this object, for Relay (nodeInterfaceIdField: nodeId). Opaque and safe in URLs. An event and a resource with the same id have different nodeIds.',
      resolve: (node) => formatNodeId({ type: typeOf(node), id: node.id }),
    }),
  }),
  resolveType: typeOf,
});

builder.queryField('node', (t) =>
  t.field({
    authScopes: requires('read'),
    type: Node,
    nullable: true,
    description: 'An event or a resource by its nodeId; null when there is no such object.',
    args: { nodeId: t.arg.id({ required: true, description: 'A nodeId as the server returned it.' }) },
    resolve: async (_root, { nodeId }, { loaders }): Promise<Identified | null> => {
      const { type, id } = parseNodeId(nodeId, ['nodeId']);
      return type === 'Event' ? loaders.event(id) : findResource(id, loaders);
    },
  }),
);

export interface NodeId {
  readonly type: NodeType;
  readonly id: string;
}

/**
 * Formats a nodeId. Its kinds differ from those of cursors (src/event/cursor.ts), so a cursor is
 * never accepted as a nodeId, nor the reverse.
 *
 *   byte 0    kind: 6 event, 7 resource
 *   then      the id in UTF-8
 *   last 4    CRC-32 of all before
 */
export function formatNodeId({ type, id }: NodeId): string {
  return encodeWithChecksum(Buffer.concat([Buffer.of(kinds[type]), Buffer.from(id)]));
}

/** Reads a nodeId. Throws BAD_USER_INPUT for a text that `formatNodeId` did not make. */
export function parseNodeId(text: string, path: readonly string[]): NodeId {
  const bytes = decodeWithChecksum(text);
  const type = bytes?.[0] === kinds.Event ? 'Event' : bytes?.[0] === kinds.Resource ? 'Resource' : null;
  const id = bytes?.toString('utf8', 1) ?? '';
  if (bytes === null || type === null || id === '' || unstorableReason(id) !== null || !Buffer.from(id).equals(bytes.subarray(1))) {
    const excerpt = JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
    throw new TidingsError('BAD_USER_INPUT', `${path.join('.')}: expected a nodeId that Tidings returned, got ${excerpt}`, { path });
  }
  return { type, id };
}

function typeOf(node: Identified): NodeType {
  return 'position' in node ? 'Event' : 'Resource';
}

type NodeType = 'Event' | 'Resource';

const kinds = { Event: 6, Resource: 7 } as const;
