#!/bin/sh
curl -sf http://127.0.0.1:4000/cloudevents -H 'content-type: application/cloudevents+json' -d '{
  "specversion": "1.0",
  "id": "17",
  "source": "/shop/eu",
  "type": "acme.order.paid",
  "time": "2026-11-23T14:41:10.863461Z",
  "subject": "acme.order.4711",
  "data": {"amount": 12.5}
}'
