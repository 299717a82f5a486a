#!/bin/sh
export PREFECT_API_URL=http://127.0.0.1:4000/api # and PREFECT_API_AUTH_STRING=NAME:KEY where keys are required
prefect event emit acme.order.shipped --resource-id acme.order.4711
