# pip install 'gql[websockets]'; python examples/clients/events.py [CURSOR]
import asyncio
import sys

from gql import Client, GraphQLRequest
from gql.transport.exceptions import TransportConnectionFailed
from gql.transport.websockets import WebsocketsTransport

URL = "ws://127.0.0.1:4000/graphql"
SUBSCRIPTION = "subscription ($after: Cursor) { events(after: $after) { cursor event } }"


async def listen(after):
    while True:
        try:
            # max_size: the default of the websockets library rejects messages over 1 MiB.
            transport = WebsocketsTransport(URL, connect_args={"max_size": 4 << 20})
            async with Client(transport=transport) as session:
                request = GraphQLRequest(SUBSCRIPTION, variable_values={"after": after})
                async for result in session.subscribe(request):
                    after = result["events"]["cursor"]
                    print(result["events"]["event"], flush=True)
        except (TransportConnectionFailed, OSError):
            await asyncio.sleep(1)


asyncio.run(listen(sys.argv[1] if len(sys.argv) > 1 else None))
