/**
 * @generated SignedSource<<d72cea0ab151382589a24e603e938432>>
 * @lightSyntaxTransform
 * @codegen-command: .ci/relay-artifacts
 */

/* tslint:disable */
/* eslint-disable */
// @ts-nocheck

import type { ConcreteRequest } from 'relay-runtime';
export type cacheEventsQuery$variables = Record<PropertyKey, never>;
export type cacheEventsQuery$data = {
  readonly events: {
    readonly nodes: ReadonlyArray<{
      readonly event: string;
      readonly id: string;
      readonly nodeId: string;
      readonly related: ReadonlyArray<{
        readonly labels: { readonly [key: string]: string };
        readonly name: string | null | undefined;
        readonly resourceId: string;
        readonly role: string;
      }>;
      readonly resource: {
        readonly labels: { readonly [key: string]: string };
        readonly name: string | null | undefined;
        readonly resource: {
          readonly id: string;
          readonly labels: { readonly [key: string]: string };
          readonly name: string | null | undefined;
          readonly nodeId: string;
        };
        readonly resourceId: string;
      };
    }>;
  };
};
export type cacheEventsQuery = {
  response: cacheEventsQuery$data;
  variables: cacheEventsQuery$variables;
};

const node: ConcreteRequest = (function(){
var v0 = {
  "alias": null,
  "args": null,
  "kind": "ScalarField",
  "name": "nodeId",
  "storageKey": null
},
v1 = {
  "alias": null,
  "args": null,
  "kind": "ScalarField",
  "name": "id",
  "storageKey": null
},
v2 = {
  "alias": null,
  "args": null,
  "kind": "ScalarField",
  "name": "resourceId",
  "storageKey": null
},
v3 = {
  "alias": null,
  "args": null,
  "kind": "ScalarField",
  "name": "name",
  "storageKey": null
},
v4 = {
  "alias": null,
  "args": null,
  "kind": "ScalarField",
  "name": "labels",
  "storageKey": null
},
v5 = [
  {
    "alias": null,
    "args": [
      {
        "kind": "Literal",
        "name": "order",
        "value": "LOG"
      }
    ],
    "concreteType": "EventConnection",
    "kind": "LinkedField",
    "name": "events",
    "plural": false,
    "selections": [
      {
        "alias": null,
        "args": null,
        "concreteType": "Event",
        "kind": "LinkedField",
        "name": "nodes",
        "plural": true,
        "selections": [
          (v0/*:: as any*/),
          (v1/*:: as any*/),
          {
            "alias": null,
            "args": null,
            "kind": "ScalarField",
            "name": "event",
            "storageKey": null
          },
          {
            "alias": null,
            "args": null,
            "concreteType": "PrimaryResource",
            "kind": "LinkedField",
            "name": "resource",
            "plural": false,
            "selections": [
              (v2/*:: as any*/),
              (v3/*:: as any*/),
              (v4/*:: as any*/),
              {
                "alias": null,
                "args": null,
                "concreteType": "Resource",
                "kind": "LinkedField",
                "name": "resource",
                "plural": false,
                "selections": [
                  (v0/*:: as any*/),
                  (v1/*:: as any*/),
                  (v3/*:: as any*/),
                  (v4/*:: as any*/)
                ],
                "storageKey": null
              }
            ],
            "storageKey": null
          },
          {
            "alias": null,
            "args": null,
            "concreteType": "RelatedResource",
            "kind": "LinkedField",
            "name": "related",
            "plural": true,
            "selections": [
              (v2/*:: as any*/),
              {
                "alias": null,
                "args": null,
                "kind": "ScalarField",
                "name": "role",
                "storageKey": null
              },
              (v3/*:: as any*/),
              (v4/*:: as any*/)
            ],
            "storageKey": null
          }
        ],
        "storageKey": null
      }
    ],
    "storageKey": "events(order:\"LOG\")"
  }
];
return {
  "fragment": {
    "argumentDefinitions": [],
    "kind": "Fragment",
    "metadata": null,
    "name": "cacheEventsQuery",
    "selections": (v5/*:: as any*/),
    "type": "Query",
    "abstractKey": null
  },
  "kind": "Request",
  "operation": {
    "argumentDefinitions": [],
    "kind": "Operation",
    "name": "cacheEventsQuery",
    "selections": (v5/*:: as any*/)
  },
  "params": {
    "cacheID": "369f83cef81185d7762fabd907a93d00",
    "id": null,
    "metadata": {},
    "name": "cacheEventsQuery",
    "operationKind": "query",
    "text": "query cacheEventsQuery {\n  events(order: LOG) {\n    nodes {\n      nodeId\n      id\n      event\n      resource {\n        resourceId\n        name\n        labels\n        resource {\n          nodeId\n          id\n          name\n          labels\n        }\n      }\n      related {\n        resourceId\n        role\n        name\n        labels\n      }\n    }\n  }\n}\n"
  }
};
})();

(node as any).hash = "c640a47e5d2f74dc36860a40b2c0dc6e";

export default node;
