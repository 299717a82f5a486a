#!/bin/sh
curl -sf http://127.0.0.1:4000/graphql -H 'content-type: application/json' -d '{
  "query": "mutation ($input: EventInput!) { emitEvent(input: $input) { status event { id } } }",
  "variables": { "input": { "event": "acme.user.logged-in", "resource": { "id": "acme.user.kiki" } } }
}'
