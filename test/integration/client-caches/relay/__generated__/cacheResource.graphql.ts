/**
 * @generated SignedSource<<c990ca3321bc5cd989c20c9656994cea>>
 * @lightSyntaxTransform
 * @codegen-command: .ci/relay-artifacts
 */

/* tslint:disable */
/* eslint-disable */
// @ts-nocheck

import type { ReaderFragment } from 'relay-runtime';
import type { FragmentRefs } from "relay-runtime";
export type cacheResource$data = {
  readonly id: string;
  readonly labels: { readonly [key: string]: string };
  readonly name: string | null | undefined;
  readonly nodeId: string;
  readonly " $fragmentType": "cacheResource";
};
export type cacheResource$key = {
  readonly " $data"?: cacheResource$data;
  readonly " $fragmentSpreads": FragmentRefs<"cacheResource">;
};

import cacheRefetchQuery_graphql from './cacheRefetchQuery.graphql';

const node: ReaderFragment = {
  "argumentDefinitions": [],
  "kind": "Fragment",
  "metadata": {
    "refetch": {
      "connection": null,
      "fragmentPathInResult": [
        "node"
      ],
      "operation": cacheRefetchQuery_graphql,
      "identifierInfo": {
        "identifierField": "nodeId",
        "identifierQueryVariableName": "nodeId"
      }
    }
  },
  "name": "cacheResource",
  "selections": [
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
    },
    {
      "alias": null,
      "args": null,
      "kind": "ScalarField",
      "name": "nodeId",
      "storageKey": null
    }
  ],
  "type": "Resource",
  "abstractKey": null
};

(node as any).hash = "a0537b7a86b0d462a4e6d27e19af6c26";

export default node;
