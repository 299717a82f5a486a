/**
 * @generated SignedSource<<d53c50ccf3e8fbb57acf49586e65b24a>>
 * @lightSyntaxTransform
 * @codegen-command: .ci/relay-artifacts
 */

/* tslint:disable */
/* eslint-disable */
// @ts-nocheck

import type { ConcreteRequest } from 'relay-runtime';
export type cacheResourceQuery$variables = {
  id: string;
};
export type cacheResourceQuery$data = {
  readonly resource: {
    readonly id: string;
    readonly labels: { readonly [key: string]: string };
    readonly name: string | null | undefined;
    readonly nodeId: string;
  } | null | undefined;
};
export type cacheResourceQuery = {
  response: cacheResourceQuery$data;
  variables: cacheResourceQuery$variables;
};

const node: ConcreteRequest = (function(){
var v0 = [
  {
    "defaultValue": null,
    "kind": "LocalArgument",
    "name": "id"
  }
],
v1 = [
  {
    "alias": null,
    "args": [
      {
        "kind": "Variable",
        "name": "id",
        "variableName": "id"
      }
    ],
    "concreteType": "Resource",
    "kind": "LinkedField",
    "name": "resource",
    "plural": false,
    "selections": [
      {
        "alias": null,
        "args": null,
        "kind": "ScalarField",
        "name": "nodeId",
        "storageKey": null
      },
      {
        "alias": null,
        "args": null,
        "kind": "ScalarField",
        "name": "id",
        "storageKey": null
      },
      {
        "alias": null,
        "args": null,
        "kind": "ScalarField",
        "name": "name",
        "storageKey": null
      },
      {
        "alias": null,
        "args": null,
        "kind": "ScalarField",
        "name": "labels",
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
    "name": "cacheResourceQuery",
    "selections": (v1/*:: as any*/),
    "type": "Query",
    "abstractKey": null
  },
  "kind": "Request",
  "operation": {
    "argumentDefinitions": (v0/*:: as any*/),
    "kind": "Operation",
    "name": "cacheResourceQuery",
    "selections": (v1/*:: as any*/)
  },
  "params": {
    "cacheID": "55ff8d567073467ad95308b12db7d924",
    "id": null,
    "metadata": {},
    "name": "cacheResourceQuery",
    "operationKind": "query",
    "text": "query cacheResourceQuery(\n  $id: ID!\n) {\n  resource(id: $id) {\n    nodeId\n    id\n    name\n    labels\n  }\n}\n"
  }
};
})();

(node as any).hash = "b0fbb27b8ef2c21fba1995cd67b25b80";

export default node;
