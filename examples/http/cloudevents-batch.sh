#!/bin/sh
curl -sf http://127.0.0.1:4000/cloudevents -H 'content-type: application/cloudevents-batch+json' -d '[
  {
    "specversion": "1.0",
    "id": "19",
    "source": "/shop/eu",
    "type": "acme.order.paid",
    "time": "2026-11-23T15:02:00Z",
    "subject": "acme.order.4712"
  },
  {
    "specversion": "1.0",
    "id": "20",
    "source": "/shop/eu",
    "type": "acme.order.packed",
    "time": "2026-11-23T15:07:00Z",
    "subject": "acme.order.4712"
  }
]'
