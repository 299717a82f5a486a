#!/bin/sh
curl -sf http://127.0.0.1:4000/api/events -H 'content-type: application/json' -d '{
  "id": "order-4711-packed",
  "occurred": "2026-11-23T14:41:10Z",
  "event": "acme.order.packed",
  "resource": {"prefect.resource.id": "acme.order.4711"}
}'
