import { createHash } from 'node:crypto';
import { parse, print, type ExecutableDefinitionNode } from 'graphql';
import type { ConcreteRequest, ReaderFragment } from 'relay-runtime';
import eventsArtifact from './__generated__/cacheEventsQuery.graphql.ts';
import eventsSubscriptionArtifact from './__generated__/cacheEventsSubscription.graphql.ts';
import refetchArtifact from './__generated__/cacheRefetchQuery.graphql.ts';
import resourceArtifact from './__generated__/cacheResource.graphql.ts';
import resourceIdArtifact from './__generated__/cacheResourceIdQuery.graphql.ts';
import resourceQueryArtifact from './__generated__/cacheResourceQuery.graphql.ts';

const artifacts: Readonly<Record<string, unknown>> = {
  cacheEventsQuery: eventsArtifact,
  cacheEventsSubscription: eventsSubscriptionArtifact,
  cacheResource: resourceArtifact,
  cacheResourceIdQuery: resourceIdArtifact,
  cacheResourceQuery: resourceQueryArtifact,
};

/** Replaces Relay's Babel plugin: returns the artifact of a document, which .ci/relay-artifacts generates. */
function graphql([text]: TemplateStringsArray): any {
  const definition = parse(text!).definitions[0] as ExecutableDefinitionNode;
  const { hash } = artifacts[definition.name!.value] as { readonly hash: string };
  if (hash !== createHash('md5').update(print(definition)).digest('hex')) throw new Error(`run .ci/relay-artifacts: ${text}`);
  return artifacts[definition.name!.value];
}

export const eventsQuery: ConcreteRequest = graphql`
  query cacheEventsQuery {
    events(order: LOG) {
      nodes {
        nodeId
        id
        event
        resource {
          resourceId
          name
          labels
          resource {
            nodeId
            id
            name
            labels
          }
        }
        related {
          resourceId
          role
          name
          labels
        }
      }
    }
  }
`;

export const resourceQuery: ConcreteRequest = graphql`
  query cacheResourceQuery($id: ID!) {
    resource(id: $id) {
      nodeId
      id
      name
      labels
    }
  }
`;

export const eventsSubscription: ConcreteRequest = graphql`
  subscription cacheEventsSubscription($after: Cursor) {
    events(after: $after) {
      nodeId
      id
      event
      resource {
        resourceId
        name
        labels
        resource {
          nodeId
          id
          name
          labels
        }
      }
      related {
        resourceId
        role
        name
        labels
      }
    }
  }
`;

export const resourceIdQuery: ConcreteRequest = graphql`
  query cacheResourceIdQuery($id: ID!) {
    resource(id: $id) {
      nodeId
    }
  }
`;

export const resourceFragment: ReaderFragment = graphql`
  fragment cacheResource on Resource @refetchable(queryName: "cacheRefetchQuery") {
    id
    name
    labels
  }
`;

export const refetchQuery: ConcreteRequest = refetchArtifact;
