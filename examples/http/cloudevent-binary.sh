#!/bin/sh
curl -sf http://127.0.0.1:4000/cloudevents \
  -H 'ce-specversion: 1.0' \
  -H 'ce-id: 18' \
  -H 'ce-source: /shop/eu' \
  -H 'ce-type: acme.order.packed' \
  -H 'ce-time: 2026-11-23T14:52:03.104Z' \
  -H 'ce-subject: acme.order.4711' \
  -H 'ce-follows: 17' \
  -H 'content-type: text/plain' \
  -d 'two parcels'
