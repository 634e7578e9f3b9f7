"""Recordings are fetched later through the guarded client: bound to the record as evidence, or turned away with a reason."""

from __future__ import annotations

import hashlib
import io
import wave
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from kernel.platform import tables as t
from kernel.platform.clock import FixedClock
from runtime.incoming import refused
from runtime.incoming.event import read
from runtime.incoming.sources import add
from runtime.incoming.taking import take, writer
from runtime.records import road
from tests.conftest import NOW, make_settings
from tests.factories.desk import Desk, make_desk
from tests.factories.peer import ok, peer
from tests.factories.work import work
from tests.integration.evidence.desk import TALKS, as_person


def sound() -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(1)
        file.setframerate(8000)
        file.writeframes(b"\x80" * 800)
    return out.getvalue()


@pytest.fixture
def desk(tmp_path: Path, clock: FixedClock) -> Iterator[Desk]:
    with make_desk(make_settings(tmp_path / "var"), clock, TALKS) as made:
        yield made


def offered(desk: Desk, url: str, **more: Any) -> str:
    recording = {k: v for k, v in more.items() if k in ("sha256", "media_type")}
    with as_person(desk, "chen") as ctx:
        source = add(ctx, "json", "Exchange")
        raw = {
            "id": url, "occurred_at": (NOW - timedelta(minutes=1)).isoformat(), "direction": "out", "duration_s": 100, "data": {"text": more.get("text", "x")},
            "recording": {"url": url, **recording}}
        inner = writer(ctx, source)
        return str(take(inner, source, read(raw, "call", ctx.now)).record)


def kept(desk: Desk, talk: str) -> Any:
    with desk.ctx() as ctx:
        return road.load(ctx, "talk", talk).values["recording"]


def states(desk: Desk) -> list[str]:
    with desk.ctx() as ctx:
        return list(ctx.conn.execute(select(t.job.c.state).where(t.job.c.kind == "recording")).scalars())


def test_a_recording_becomes_the_record_s_file(desk: Desk) -> None:
    data = sound()
    with peer(ok(data, "Content-Type: audio/wav")) as other:
        object.__setattr__(desk.app.extensions["fangyuan"].settings, "egress_allow", f"{desk.slug}=http://127.0.0.1:{other.port}=127.0.0.1")
        talk = offered(desk, f"http://127.0.0.1:{other.port}/1.wav", sha256=hashlib.sha256(data).hexdigest())
        assert kept(desk, talk) is None
        work(desk.app, desk.slug)
        file = kept(desk, talk)
        with desk.ctx() as ctx:
            row = ctx.conn.execute(select(t.file).where(t.file.c.id == file)).one()
        assert (row.record_id, row.field, row.size, row.media_type) == (talk, "recording", len(data), "audio/wav")
        # Another one, which is not what the event says; and one of a record that wants none.
        changed = offered(desk, f"http://127.0.0.1:{other.port}/2.wav", sha256="0" * 64)
        private = offered(desk, f"http://127.0.0.1:{other.port}/3.wav", text="private")
        work(desk.app, desk.slug)
        assert kept(desk, changed) is None and kept(desk, private) is None and len(other.requests) == 2
    assert states(desk) == ["done", "failed", "done"]
    with desk.ctx() as ctx:
        assert refused.latest(ctx)[0].problems[0]["code"] == "recording_changed"


def test_what_leads_inward_is_never_called(desk: Desk) -> None:
    talk = offered(desk, "https://169.254.169.254/latest/meta-data")
    work(desk.app, desk.slug)
    assert kept(desk, talk) is None and states(desk) == ["failed"]
    with desk.ctx() as ctx:
        assert refused.latest(ctx)[0].code == "address_blocked"
