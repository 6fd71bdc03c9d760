"""A network between child and core: a relay on this machine that passes everything on a while later.

Ready tools do not fit: Toxiproxy counts in whole milliseconds, ``tc netem`` asks for the machine's root and
delays what everybody sends over the loopback. The relay also counts round trips, and no driver hides one from it.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from threading import Thread

HOST = "127.0.0.1"


class Relay:
    """Passes on what children and core say to each other, each time ``seconds`` after it was said.

    A round trip takes twice that longer. ``turns`` counts how often a child spoke when the last word had
    been core's: once in a round trip. How much may be under way is not limited.
    """

    def __init__(self, host: str, port: int, seconds: float) -> None:
        self.core, self.seconds, self.turns = (host, port), seconds, 0

    async def serve(self, listening: Future) -> None:
        """Serve until cancelled; tell the port, and by what to be cancelled."""
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: Child(self), HOST, 0)
        task = asyncio.current_task()
        port = server.sockets[0].getsockname()[1]
        listening.set_result((port, lambda: loop.call_soon_threadsafe(task.cancel)))
        await server.serve_forever()


class End(asyncio.Protocol):
    """One end of a relayed connection: what it hears, the other end says a while later."""

    transport: asyncio.Transport

    def __init__(self, relay: Relay, other: End | None = None) -> None:
        self.relay, self.other = relay, other
        self.spoke_last = False

    def connection_made(self, transport: asyncio.Transport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.spoke_last, self.other.spoke_last = True, False
        self.later(self.other.transport.write, data)

    def connection_lost(self, error: Exception | None) -> None:
        if self.other:
            self.later(self.other.transport.close)

    def later(self, call, *args) -> None:
        asyncio.get_running_loop().call_later(self.relay.seconds, call, *args)


class Child(End):
    """The end that connects."""

    def connection_made(self, transport: asyncio.Transport) -> None:
        super().connection_made(transport)
        transport.pause_reading()
        self.connecting = asyncio.ensure_future(self.connect())

    async def connect(self) -> None:
        loop = asyncio.get_running_loop()
        _, self.other = await loop.create_connection(lambda: End(self.relay, self), *self.relay.core)
        self.transport.resume_reading()

    def data_received(self, data: bytes) -> None:
        self.relay.turns += not self.spoke_last
        super().data_received(data)


@contextmanager
def relayed(host: str, port: int, seconds: float) -> Iterator[tuple[int, Relay]]:
    """A relay to a server, in a thread of its own: the port where it listens, and itself."""
    relay = Relay(host, port, seconds)
    listening: Future = Future()

    def run() -> None:
        # The usual selector waits in whole milliseconds.
        with asyncio.Runner(loop_factory=precise_loop) as runner, suppress(asyncio.CancelledError):
            runner.run(relay.serve(listening))

    thread = Thread(target=run)
    thread.start()
    here, stop = listening.result()
    try:
        yield here, relay
    finally:
        stop()
        thread.join()


def precise_loop() -> asyncio.AbstractEventLoop:
    return asyncio.SelectorEventLoop(selectors.SelectSelector())
