"""Uses Prefect's SDK, unmodified. Each line of input is an action and its arguments; its output is a line of JSON."""

import asyncio, json, sys, time

from prefect.client.orchestration import get_client
from prefect.events import Event, emit_event
from prefect.events.clients import get_events_client, get_events_subscriber
from prefect.events.filters import EventAnyResourceFilter, EventFilter, EventNameFilter, EventRelatedFilter, EventResourceFilter

RELATED = [{"prefect.resource.id": "user.kiki", "prefect.resource.role": "actor"}]


def last():
    """The program ends after this call, and nothing else waits for the event."""
    emit_event("sdk.last", {"prefect.resource.id": "solo"})


def loop(count):
    """Events of emit_event in a loop, slow enough for a restart in the middle."""
    for n in range(int(count)):
        emit_event(f"sdk.loop.{n}", {"prefect.resource.id": f"loop.{n % 7}"})
        if n % 100 == 99:
            print(json.dumps({"emitted": n + 1}), flush=True)
            time.sleep(0.1)


async def read():
    """Every page of read_events, with its defaults."""
    async with get_client() as client:
        page = await client.read_events()
        events, total = list(page.events), page.total
        while page.next_page:
            page = await page.get_next_page(client)
            events += page.events
    return {"total": total, "events": [event.event for event in events]}


async def subscribed():
    """The events that subscribers with filters receive while they are emitted."""
    filters = {
        "event": EventFilter(event=EventNameFilter(prefix=["sub.a"])),
        "resource": EventFilter(resource=EventResourceFilter(id=["sub.r2"])),
        "related": EventFilter(event=EventNameFilter(prefix=["sub."]), related=EventRelatedFilter(id=["user.kiki"], role=["actor"])),
        "label": EventFilter(resource=EventResourceFilter(labels={"region": ["eu*", "!us"], "prefect.resource.id": "sub.*"})),
    }
    received = {name: [] for name in filters}

    async def listen(name, event_filter):
        async with get_events_subscriber(filter=event_filter) as subscriber:
            ready[name].set()
            async for event in subscriber:
                received[name].append(event.event)
                if event.event.endswith(".last"):
                    return

    ready = {name: asyncio.Event() for name in filters}
    listening = [asyncio.create_task(listen(name, event_filter)) for name, event_filter in filters.items()]
    for each in ready.values():
        await each.wait()
    async with get_events_client() as client:
        for event, resource, region, related in [
            ("sub.a.1", "sub.r1", "eu-1", []),
            ("sub.b.1", "sub.r2", "us", RELATED),
            ("sub.c.1", "sub.r3", None, []),
            ("sub.a.last", "sub.r2", "eu-2", RELATED),
        ]:
            labels = {"region": region} if region else {}
            await client.emit(Event(event=event, resource={"prefect.resource.id": resource, **labels}, related=related))
    await asyncio.wait_for(asyncio.gather(*listening), 60)
    return received


for line in sys.stdin:
    action, *rest = line.split()
    result = {"last": last, "loop": loop, "read": read, "subscribed": subscribed}[action](*rest)
    print(json.dumps({"result": asyncio.run(result) if asyncio.iscoroutine(result) else result}), flush=True)
