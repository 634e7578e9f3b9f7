"""Requests without a network: a WSGI environment made by hand, which costs some microseconds on either side."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

Application = Callable[[dict[str, Any], Callable[..., Any]], Any]


@dataclass(frozen=True, slots=True)
class Call:
    """A request and the status that it must have."""

    method: str
    path: str
    status: int
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    content_type: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes


class WrongAnswer(Exception):
    """A case that is refused or fails measures nothing."""


def send(app: Application, call: Call) -> Answer:
    """Run one request to its last byte."""
    environ = environment(call)
    told: list[Any] = []

    def start(status: str, headers: list[tuple[str, str]], error: Any = None) -> Callable[[bytes], object]:
        told[:] = [status, headers]
        return lambda data: None

    chunks = app(environ, start)
    try:
        body = b"".join(chunks)
    finally:
        if hasattr(chunks, "close"):
            chunks.close()
    return Answer(int(told[0][:3]), dict(told[1]), body)


def expect(call: Call, answer: Answer) -> Answer:
    """``answer``, if it has the expected status. Raises :class:`WrongAnswer`."""
    if answer.status != call.status:
        raise WrongAnswer(f"{call.method} {call.path} answered {answer.status}, not {call.status}: {answer.body[:1500].decode('utf-8', 'replace')}")
    return answer


def environment(call: Call) -> dict[str, Any]:
    """What a server would hand over."""
    environ: dict[str, Any] = {
        "REQUEST_METHOD": call.method, "SCRIPT_NAME": "", "PATH_INFO": call.path, "QUERY_STRING": call.query,
        "SERVER_NAME": "127.0.0.1", "SERVER_PORT": "8000", "SERVER_PROTOCOL": "HTTP/1.1", "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": "127.0.0.1:8000", "HTTP_ACCEPT": "*/*", "HTTP_ACCEPT_LANGUAGE": "en",
        "wsgi.version": (1, 0), "wsgi.url_scheme": "http", "wsgi.input": BytesIO(call.body), "wsgi.errors": _Silent(),
        "wsgi.multithread": True, "wsgi.multiprocess": True, "wsgi.run_once": False,
    }
    if call.body:
        environ["CONTENT_LENGTH"] = str(len(call.body))
        environ["CONTENT_TYPE"] = call.content_type
    for name, value in call.headers.items():
        environ["HTTP_" + name.upper().replace("-", "_")] = value
    return environ


class _Silent:
    """Where a server would write errors of the gateway."""

    def write(self, text: str) -> None:
        """Nothing: a wrong status stops the run with the answer's words."""

    def writelines(self, lines: Any) -> None:
        """As :meth:`write`."""

    def flush(self) -> None:
        """Nothing is held back."""
