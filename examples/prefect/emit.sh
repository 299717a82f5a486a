#!/bin/sh
export PREFECT_API_URL=http://127.0.0.1:4000/api
# Where keys are required: export PREFECT_API_AUTH_STRING=NAME:KEY
prefect event emit acme.order.shipped --resource-id acme.order.4711
