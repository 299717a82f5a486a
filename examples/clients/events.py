# pip install 'gql[websockets]'; python examples/clients/events.py [CURSOR]
import asyncio
import os
import sys

from gql import Client, GraphQLRequest
from gql.transport.exceptions import TransportConnectionFailed, TransportQueryError
from gql.transport.websockets import WebsocketsTransport
from websockets.exceptions import ConnectionClosed

URL = "ws://127.0.0.1:4000/graphql"
SUBSCRIPTION = "subscription ($after: Cursor) { events(after: $after) { cursor event } }"


def credentials():
    """Called for each connection, so the key in the file can be replaced before it expires."""
    file = os.environ.get("TIDINGS_KEY_FILE")
    return {"authorization": f"Bearer {open(file).read().strip()}"} if file else {}


def delay_of(error):
    """Seconds after which a repetition can succeed. None: it does not help."""
    if isinstance(error, TransportQueryError):  # such as CURSOR_EXPIRED
        retry_after_ms = error.errors[0].get("extensions", {}).get("retryAfterMs")
        return None if retry_after_ms is None else retry_after_ms / 1000
    closed = error.__cause__ if isinstance(error.__cause__, ConnectionClosed) else None
    code = closed.rcvd.code if closed and closed.rcvd else 1006
    # 4403: the key has ended, and the next connection may have another. 4401: it has no valid key.
    return None if 4400 <= code <= 4500 and code not in (4403, 4408) else 1


async def listen(after):
    while True:
        try:
            # max_size: by default, the websockets library rejects messages over 1 MiB.
            transport = WebsocketsTransport(URL, init_payload=credentials(), connect_args={"max_size": None})
            async with Client(transport=transport) as session:
                request = GraphQLRequest(SUBSCRIPTION, variable_values={"after": after})
                async for result in session.subscribe(request):
                    after = result["events"]["cursor"]
                    print(result["events"]["event"], flush=True)
        except (TransportConnectionFailed, TransportQueryError, asyncio.TimeoutError) as error:
            delay = delay_of(error)
            if delay is None:
                raise
            print("reconnecting:", error.__cause__ or error, file=sys.stderr)
            await asyncio.sleep(delay)


asyncio.run(listen(sys.argv[1] if len(sys.argv) > 1 else None))
