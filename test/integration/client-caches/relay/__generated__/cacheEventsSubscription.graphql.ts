/**
 * @generated SignedSource<<7073112a81ddbc230742200fe1b2b82d>>
 * @lightSyntaxTransform
 * @codegen-command: .ci/relay-artifacts
 */

/* tslint:disable */
/* eslint-disable */
// @ts-nocheck

import type { ConcreteRequest } from 'relay-runtime';
export type cacheEventsSubscription$variables = {
  after?: string | null | undefined;
};
export type cacheEventsSubscription$data = {
  readonly events: {
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
  };
};
export type cacheEventsSubscription = {
  response: cacheEventsSubscription$data;
  variables: cacheEventsSubscription$variables;
};

const node: ConcreteRequest = (function(){
var v0 = [
  {
    "defaultValue": null,
    "kind": "LocalArgument",
    "name": "after"
  }
],
v1 = {
  "alias": null,
  "args": null,
  "kind": "ScalarField",
  "name": "nodeId",
  "storageKey": null
},
v2 = {
  "alias": null,
  "args": null,
  "kind": "ScalarField",
  "name": "id",
  "storageKey": null
},
v3 = {
  "alias": null,
  "args": null,
  "kind": "ScalarField",
  "name": "resourceId",
  "storageKey": null
},
v4 = {
  "alias": null,
  "args": null,
  "kind": "ScalarField",
  "name": "name",
  "storageKey": null
},
v5 = {
  "alias": null,
  "args": null,
  "kind": "ScalarField",
  "name": "labels",
  "storageKey": null
},
v6 = [
  {
    "alias": null,
    "args": [
      {
        "kind": "Variable",
        "name": "after",
        "variableName": "after"
      }
    ],
    "concreteType": "Event",
    "kind": "LinkedField",
    "name": "events",
    "plural": false,
    "selections": [
      (v1/*:: as any*/),
      (v2/*:: as any*/),
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
          (v3/*:: as any*/),
          (v4/*:: as any*/),
          (v5/*:: as any*/),
          {
            "alias": null,
            "args": null,
            "concreteType": "Resource",
            "kind": "LinkedField",
            "name": "resource",
            "plural": false,
            "selections": [
              (v1/*:: as any*/),
              (v2/*:: as any*/),
              (v4/*:: as any*/),
              (v5/*:: as any*/)
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
          (v3/*:: as any*/),
          {
            "alias": null,
            "args": null,
            "kind": "ScalarField",
            "name": "role",
            "storageKey": null
          },
          (v4/*:: as any*/),
          (v5/*:: as any*/)
        ],
        "storageKey": null
      }
    ],
    "storageKey": null
  }
];
return {
  "fragment": {
    "argumentDefinitions": (v0/*:: as any*/),
    "kind": "Fragment",
    "metadata": null,
    "name": "cacheEventsSubscription",
    "selections": (v6/*:: as any*/),
    "type": "Subscription",
    "abstractKey": null
  },
  "kind": "Request",
  "operation": {
    "argumentDefinitions": (v0/*:: as any*/),
    "kind": "Operation",
    "name": "cacheEventsSubscription",
    "selections": (v6/*:: as any*/)
  },
  "params": {
    "cacheID": "10c6fc077bb6db26e0706fe050f77750",
    "id": null,
    "metadata": {},
    "name": "cacheEventsSubscription",
    "operationKind": "subscription",
    "text": "subscription cacheEventsSubscription(\n  $after: Cursor\n) {\n  events(after: $after) {\n    nodeId\n    id\n    event\n    resource {\n      resourceId\n      name\n      labels\n      resource {\n        nodeId\n        id\n        name\n        labels\n      }\n    }\n    related {\n      resourceId\n      role\n      name\n      labels\n    }\n  }\n}\n"
  }
};
})();

(node as any).hash = "2be9fb7ae1cfb067455743359dd41e23";

export default node;
