"""The page of connections: who may send, keys shown once, what waits and what was refused; for administrators alone."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator

import pytest

from kernel.platform.clock import FixedClock
from runtime.incoming.signing import sign
from tests.conftest import NOW
from tests.factories.desk import Desk, make_desk, settings_for
from tests.integration.evidence.desk import TALKS


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with make_desk(settings_for("sqlite", tmp_path_factory.mktemp("connections"), None), FixedClock(NOW), TALKS) as made:
        yield made


def page(desk: Desk, login: str = "chen", path: str = "", **form: str) -> tuple[int, str, dict[str, str]]:
    client = desk.browser(login)
    url = f"/t/{desk.slug}/settings/connections"
    if form or path:
        token = re.search(r'name="csrf_token" value="([^"]+)"', client.get(f"/t/{desk.slug}/settings/tokens").text)
        assert token is not None
        answer = client.post(url + path, data={"csrf_token": token[1], **form})
    else:
        answer = client.get(url)
    return answer.status_code, html.unescape(answer.text), dict(answer.headers)


def test_only_administrators_see_it(desk: Desk) -> None:
    assert page(desk, "mei")[0] == 403 and page(desk, "wen", adapter="json", name="x")[0] == 403


def test_a_source_from_its_key_to_its_end(desk: Desk) -> None:
    status, text, _headers = page(desk)
    assert status == 200 and "Nothing is connected yet" in text and "nothing can count yet" in text
    status, text, headers = page(desk, adapter="json", name="Exchange")
    key, address = re.search(r"whsec_[A-Za-z0-9+/=]+", text), re.search(r"/t/[^\s<\"]+/api/v1/events/call\?source=([0-9a-f-]{36})", text)
    assert status == 200 and headers["Cache-Control"] == "no-store" and key is not None and address is not None
    assert "whsec_" not in page(desk)[1], "shown once"
    raw, stamp = json.dumps({"id": "1", "occurred_at": NOW.isoformat(), "direction": "out", "to": "139"}).encode(), str(int(NOW.timestamp()))
    sent = desk.app.test_client().post(address[0], data=raw, headers={"webhook-id": "1", "webhook-timestamp": stamp, "webhook-signature": sign(key[0], "1", stamp, raw)})
    assert sent.status_code == 201
    desk.app.test_client().post(address[0], data=raw, headers={"webhook-id": "<b>2</b>", "webhook-timestamp": stamp, "webhook-signature": "v1,x"})
    text = page(desk)[1]
    assert "1 of “Talk” wait" in text and "Receiving" in text and "Wrong signature" in text and "<b>2</b>" in text and "nothing can count yet" not in text
    source = address[1]
    assert "whsec_" in page(desk, path=f"/{source}/key")[1]
    assert page(desk, path=f"/{source}/off")[0] == 303
    assert "Switched off" in page(desk)[1] and page(desk, path=f"/{source}/key")[0] == 404


def test_wecom_asks_for_what_its_console_says(desk: Desk) -> None:
    given = {"adapter": "wecom", "name": "WeCom", "corp": "ww1", "secret": "s", "token": "t", "aes": "short"}
    status, text, _headers = page(desk, **given)
    assert status == 422 and "43 letters and digits" in text and 'value="short"' not in text
    status, text, _headers = page(desk, **{**given, "aes": "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"})
    assert status == 200 and "/api/v1/events/wecom/" in text and "abcdefghijklmnopqrstuvwxyz" not in text
    assert page(desk, adapter="fax", name="F")[0] == 200  # an adapter nobody knows is the plain one
    assert page(desk, adapter="json", name=" ")[0] == 422
