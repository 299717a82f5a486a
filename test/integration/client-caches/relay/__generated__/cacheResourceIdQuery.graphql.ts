/**
 * @generated SignedSource<<07b97a2bc470616e35af20cafcb7835e>>
 * @lightSyntaxTransform
 * @codegen-command: .ci/relay-artifacts
 */

/* tslint:disable */
/* eslint-disable */
// @ts-nocheck

import type { ConcreteRequest } from 'relay-runtime';
export type cacheResourceIdQuery$variables = {
  id: string;
};
export type cacheResourceIdQuery$data = {
  readonly resource: {
    readonly nodeId: string;
  } | null | undefined;
};
export type cacheResourceIdQuery = {
  response: cacheResourceIdQuery$data;
  variables: cacheResourceIdQuery$variables;
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
    "name": "cacheResourceIdQuery",
    "selections": (v1/*:: as any*/),
    "type": "Query",
    "abstractKey": null
  },
  "kind": "Request",
  "operation": {
    "argumentDefinitions": (v0/*:: as any*/),
    "kind": "Operation",
    "name": "cacheResourceIdQuery",
    "selections": (v1/*:: as any*/)
  },
  "params": {
    "cacheID": "edc2302979c6dd732cc9876a946bc765",
    "id": null,
    "metadata": {},
    "name": "cacheResourceIdQuery",
    "operationKind": "query",
    "text": "query cacheResourceIdQuery(\n  $id: ID!\n) {\n  resource(id: $id) {\n    nodeId\n  }\n}\n"
  }
};
})();

(node as any).hash = "1df965c4e3bbeeb5cfe907a93db45972";

export default node;
