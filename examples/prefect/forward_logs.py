# pip install prefect; python examples/prefect/forward_logs.py http://127.0.0.1:4200/api http://127.0.0.1:4000/api
import asyncio
import logging
import sys

from prefect.events import Event
from prefect.events.clients import PrefectEventsClient
from prefect.logging.clients import PrefectLogsSubscriber


def event_of(log):
    flow_run = f"prefect.flow-run.{log.flow_run_id}"
    related = [{"prefect.resource.id": flow_run, "prefect.resource.role": "flow-run"}]
    return Event(
        id=log.id,
        occurred=log.timestamp,
        event="prefect.log.write",
        resource={"prefect.resource.id": f"prefect.task-run.{log.task_run_id}" if log.task_run_id else flow_run},
        related=related if log.task_run_id and log.flow_run_id else [],
        payload={
            "name": log.name,
            "level": log.level,
            "level_name": logging.getLevelName(log.level),
            "message": log.message,
        },
    )


async def forward(source, target):
    async with (
        PrefectEventsClient(target) as client,
        PrefectLogsSubscriber(source, reconnect_on_clean_close=True) as logs,
    ):
        async for log in logs:
            if log.flow_run_id or log.task_run_id:
                await client.emit(event_of(log))


asyncio.run(forward(*sys.argv[1:]))
