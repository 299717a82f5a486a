#!/bin/sh
curl -sN http://127.0.0.1:4000/graphql \
  -H 'content-type: application/json' \
  -H 'accept: text/event-stream' \
  -d '{"query": "subscription { events { cursor event } }"}'
