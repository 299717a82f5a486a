#!/bin/sh
gzip -c examples/events/two-orders.ndjson |
  curl -sf 'http://127.0.0.1:4000/api/events?on_error=skip' --data-binary @- \
    -H 'content-type: application/x-ndjson' -H 'content-encoding: gzip'
