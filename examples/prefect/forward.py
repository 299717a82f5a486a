# pip install prefect; python examples/prefect/forward.py http://127.0.0.1:4200/api http://127.0.0.1:4000/api
import asyncio
import sys

from prefect.events.clients import PrefectEventsClient, PrefectEventSubscriber


async def forward(source, target):
    async with (
        PrefectEventsClient(target) as client,
        PrefectEventSubscriber(source, reconnect_on_clean_close=True) as events,
    ):
        async for event in events:
            await client.emit(event)


asyncio.run(forward(*sys.argv[1:]))
