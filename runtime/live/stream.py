"""One open stream: server-sent events, written as they come."""

from __future__ import annotations

import select
import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from kernel.errors import Busy
from kernel.platform.clock import Clock
from kernel.platform.ctx import Ctx
from kernel.platform.jsonvalues import dumps
from runtime.live import news
from runtime.live.hub import Hub, Seat
from runtime.live.news import Message

TICK_S = 1.0
PING_S = 15.0
# Session and rights are looked at again at least this often, however quiet it is.
CHECK_S = 30.0
RETRY_MS = 3000


@dataclass(slots=True)
class Stream:
    """``open`` gives a reading Ctx of the session, or None once it is over; ``gone`` whether the browser has left."""

    hub: Hub
    seat: Seat
    clock: Clock
    open: Callable[[], AbstractContextManager[Ctx | None]]
    gone: Callable[[], bool]
    after: int | None = None
    joined: int = 0

    def lines(self) -> Iterator[str]:
        """The text of the stream, until its session, its place, its reader or the process is gone."""
        yield f"retry: {RETRY_MS}\n\n"
        yield from self._first()
        checked = pinged = self.clock.monotonic()
        while not self.seat.over:
            rows = [r for r in self.seat.wait(TICK_S) if r.late or r.id > self.joined]
            if self.gone() or not self.hub.alive:
                return
            now = self.clock.monotonic()
            told: list[Message] | None = []
            if rows or self.seat.moved or self.seat.missed or now - checked >= CHECK_S:
                told, checked = self._look(rows), now
                if told is None:
                    yield written(Message("end", {}))
                    return
            if told:
                yield "".join(map(written, told))
                pinged = now
            elif now - pinged >= PING_S:
                # Keeps proxies from closing a quiet connection, and finds out that nobody reads any more.
                yield ": \n\n"
                pinged = now
        if not self.hub.closed:
            yield written(Message("poll", {}))

    def _first(self) -> Iterator[str]:
        """Where the reader joins, what waits for them, and what came since they last listened."""
        with self.open() as ctx:
            if ctx is None:
                self.seat.end()
                yield written(Message("end", {}))
                return
            self.joined = news.newest(ctx.conn)
            if self.after is None:
                told = news.messages(ctx, (), self.seat.watches, everything=True)
            else:
                rows, many = news.mine(ctx, self.after, self.seat.watches)
                told = news.messages(ctx, rows, self.seat.watches, everything=many)
        yield written(Message("hello", {"after": self.joined}))
        yield "".join(map(written, told))

    def _look(self, rows: list[news.Happened]) -> list[Message] | None:
        """What to tell, checked against the session and the rights of this moment; None when the session is over."""
        missed, self.seat.missed, self.seat.moved = self.seat.missed, False, False
        try:
            with self.open() as ctx:
                if ctx is None:
                    return None
                told = news.messages(ctx, rows, self.seat.watches, everything=missed)
                if not rows:
                    told += news.lost(ctx, self.seat.watches)
        except Busy:
            self.seat.put_back(rows)
            self.seat.missed = self.seat.missed or missed
            return []
        self.seat.watches = self.seat.watches.without((m.data["entity"], m.data["id"]) for m in told if m.kind == "lost")
        return [*told, Message("hello", {"after": rows[-1].id})] if rows else told


def written(message: Message) -> str:
    """A message as the wire has it."""
    return f"event: {message.kind}\ndata: {dumps(message.data)}\n\n"


def socket_gone(environ: dict[str, Any]) -> Callable[[], bool]:
    """Whether the browser closed the connection, where the server lets us look at it; else writing will tell."""
    sock = environ.get("gunicorn.socket") or environ.get("werkzeug.socket")
    if not isinstance(sock, socket.socket):
        return lambda: False

    def gone() -> bool:
        try:
            readable, _w, _x = select.select([sock], [], [], 0)
            return bool(readable) and sock.recv(1, socket.MSG_PEEK) == b""
        except (OSError, ValueError):
            # Closed under us, or a socket that can't be peeked at (TLS).
            return sock.fileno() < 0

    return gone
