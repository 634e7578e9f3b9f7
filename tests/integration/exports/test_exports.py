"""Lists as files: what stands in them, who gets them, for how long."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any

import openpyxl
import pytest
from werkzeug.test import TestResponse

from kernel.jobs import queue
from kernel.platform.database import count_statements
from runtime.exports import work as exports
from tests.conftest import NOW
from tests.factories.desk import Desk
from tests.factories.platform import csrf_of
from tests.factories.work import work


def post(desk: Desk, login: str, path: str, **form: Any) -> TestResponse:
    browser = desk.browser(login)
    return browser.post(f"/t/{desk.slug}{path}", data={**form, "csrf_token": csrf_of(browser, desk.app, desk.slug)}, buffered=True)


def book(answer: TestResponse) -> openpyxl.Workbook:
    assert answer.status_code == 200 and "spreadsheetml" in answer.content_type, answer.text[:300]
    return openpyxl.load_workbook(io.BytesIO(answer.data))


def lines(answer: TestResponse) -> list[list[str]]:
    assert answer.status_code == 200 and answer.data.startswith(b"\xef\xbb\xbf"), answer.text[:300]
    return list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"), newline="")))


def table(sheet: Any) -> list[dict[str, Any]]:
    head = [c.value for c in sheet[1]]
    return [dict(zip(head, [c.value for c in row], strict=True)) for row in sheet.iter_rows(min_row=2)]


@pytest.fixture(scope="module")
def full(desk: Desk) -> dict[str, Any]:
    """A record with everything."""
    chen = desk.api("chen")
    project = chen.make("project", name="=Fence()")
    return chen.make(
        title="=1+1", details="two\nlines", effort="12.5", count=7, budget={"amount": "1234.50", "currency": "CNY"}, share="0.25", due="2026-02-03",
        starts="2026-02-03T01:30:00Z", takes=5400, done=True, priority="high", reason="r", tags=["red", "blue"], phone="+8613812345678", project=project["id"],
        helper=desk.people["wen"], helpers=[desk.people["mei"]], secret="hush", lines=[{"fields": {"name": "@post", "amount": "2"}}, {"fields": {"name": "rail", "amount": "-3"}}])


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three records are many."""
    monkeypatch.setattr(exports, "AT_ONCE", 3)


def test_a_workbook_with_everything(desk: Desk, full: dict[str, Any]) -> None:
    found = book(post(desk, "chen", "/e/task/export?f=count.eq.7", form="xlsx", columns="all"))
    assert found.sheetnames == ["Task", "Lines"]
    row = table(found["Task"])[0]
    assert (row["Task"], row["Effort"], row["Count"], row["Budget"], row["Share"]) == ("=1+1", 12.5, 7, 1234.5, 0.25)
    assert row["Due"] == datetime(2026, 2, 3) and row["Takes"] == timedelta(hours=1, minutes=30)
    assert row["Priority"] == "High" and row["Tags"] == "Red, Blue" and row["Project"] == "=Fence()" and row["Helper"] == "Wen" and row["Status"] == "Open"
    assert row["Starts"].replace(tzinfo=UTC) - timedelta(hours=8) == datetime(2026, 2, 3, 1, 30, tzinfo=UTC), "in the zone of the reader"
    cells = {found["Task"].cell(1, n).value: found["Task"].cell(2, n) for n in range(1, found["Task"].max_column + 1)}
    assert cells["Budget"].number_format == '"¥"#,##0.00' and cells["Share"].number_format.endswith("%") and cells["Task"].data_type == "s"
    assert [(r["Task"], r["No."], r["Name"], r["Amount"], r["Double"]) for r in table(found["Lines"])] == [("=1+1", 1, "@post", 2, 4), ("=1+1", 2, "rail", -3, -6)]
    assert {r["Record id"] for r in table(found["Lines"])} == {full["id"]} == {row["Record id"]}


def test_a_csv_keeps_numbers_and_escapes_texts(desk: Desk, full: dict[str, Any]) -> None:
    answer = post(desk, "chen", "/e/task/export?f=count.eq.7", form="csv", columns="all")
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    head, row = lines(answer)
    found = dict(zip(head, row, strict=True))
    assert (found["Task"], found["Effort"], found["Budget"], found["Due"], found["Starts"]) == ("'=1+1", "12.50", "1234.50", "2026-02-03", "2026-02-03 09:30")
    assert found["Project"] == "'=Fence()" and found["Details"] == "two\nlines" and found["Phone"] == "138 1234 5678"
    assert found["Lines"] == "2 rows"


def test_the_columns_order_and_filters_of_the_list(desk: Desk, full: dict[str, Any]) -> None:
    chen = desk.api("chen")
    for n in (3, 1, 2):
        chen.make(title=f"Row {n}", effort=str(n), count=99, project=full["fields"]["project"]["id"])
    found = book(post(desk, "chen", "/e/task/export?f=count.eq.99&sort=-effort", form="xlsx", columns="list")).worksheets[0]
    assert [c.value for c in found[1]] == ["Task", "Title", "Effort", "Name"]
    assert [(r["Title"], r["Effort"], r["Name"]) for r in table(found)] == [(f"Row {n}", n, "=Fence()") for n in (3, 2, 1)]


def test_only_what_the_reader_may_see(desk: Desk, full: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader of some fields of everything, given the right to export: the others have no column."""
    from dataclasses import replace

    from kernel.platform import sessions

    real = sessions.open_session

    def with_right(*args: Any, **kwargs: Any) -> Any:
        opened = real(*args, **kwargs)
        return replace(opened, actor=replace(opened.actor, rights=frozenset({"export"}))) if opened else None

    monkeypatch.setattr(sessions, "open_session", with_right)
    found = book(post(desk, "guo", "/e/task/export?f=count.eq.7", form="xlsx", columns="all"))
    head = [c.value for c in found["Task"][1]]
    assert found.sheetnames == ["Task"] and not {"Secret", "Budget", "Lines", "Total"} & set(head) and "Effort" in head
    assert "hush" not in str(table(found["Task"]))
    own = table(book(post(desk, "wen", "/e/task/export?view=tasks", form="xlsx", columns="list"))["Task"])
    assert "=1+1" not in [r["Title"] for r in own], "rows of others stay theirs"


def test_without_the_right_there_is_neither_entry_nor_file(desk: Desk) -> None:
    assert "/e/task/export" not in desk.browser("wen").get(f"/t/{desk.slug}/e/task").text
    assert "/e/task/export" in desk.browser("chen").get(f"/t/{desk.slug}/e/task").text
    assert desk.browser("wen").get(f"/t/{desk.slug}/e/task/export").status_code == 403
    assert post(desk, "wen", "/e/task/export", form="csv").status_code == 403
    assert post(desk, "chen", "/e/nothing/export", form="csv").status_code == 404
    assert post(desk, "chen", "/e/task/export", form="pdf").status_code == 422
    assert post(desk, "chen", "/e/task/export", form="csv", columns="some").status_code == 422


def test_each_export_is_noted(desk: Desk, full: dict[str, Any]) -> None:
    from kernel.platform import tables as t

    post(desk, "chen", "/e/task/export?f=count.eq.7", form="csv", columns="list")
    with desk.ctx() as ctx:
        row = ctx.conn.execute(t.audit.select().where(t.audit.c.kind == "records.exported").order_by(t.audit.c.id.desc())).first()
    assert row is not None and row.actor_id == desk.people["chen"] and row.data == {"name": "task", "n": 1, "form": "csv"}


def started(desk: Desk, **form: Any) -> int:
    answer = post(desk, "chen", "/e/task/export", **form)
    assert answer.status_code == 303, answer.text[:300]
    return int(answer.location.rsplit("job=", 1)[1])


def job_of(desk: Desk, id_: int) -> queue.Job:
    with desk.ctx() as ctx:
        job = queue.find(ctx.conn, id_)
    assert job is not None
    return job


def test_a_long_list_becomes_a_job_with_a_file_for_a_week(desk: Desk, full: dict[str, Any], few: None) -> None:
    chen = desk.api("chen")
    for n in range(4):
        chen.make(title=f"Long {n}")
    id_ = started(desk, form="xlsx", columns="list")
    page = desk.browser("chen").get(f"/t/{desk.slug}/jobs/{id_}")
    assert page.status_code == 200 and "Waiting" in page.text
    assert desk.browser("chen").get(f"/t/{desk.slug}/jobs/{id_}/file").status_code == 404, "not yet"
    work(desk.app, desk.slug)
    job = job_of(desk, id_)
    assert job.state == "done" and job.result is not None and job.result["rows"] >= 5
    fetched = desk.browser("chen").get(f"/t/{desk.slug}/jobs/{id_}/file", buffered=True)
    assert len(table(book(fetched)["Task"])) == job.result["rows"] and fetched.headers["Cache-Control"] == "private, no-store"
    assert f"/jobs/{id_}/file" in desk.browser("chen").get(f"/t/{desk.slug}/jobs").text
    said = desk.browser("chen").get(f"/t/{desk.slug}/jobs/{id_}/said").json
    assert said["text"] == "Task: export as XLSX" and said["dialog"].endswith(f"/jobs/{id_}") and said["undo"] is None
    for other in ("wen", "guo"):
        assert desk.browser(other).get(f"/t/{desk.slug}/jobs/{id_}/file").status_code == 404
        assert desk.browser(other).get(f"/t/{desk.slug}/jobs/{id_}").status_code == 404
    folder = exports.folder_of(desk.app.extensions["fangyuan"].settings, tenant_of(desk))
    assert [f.name for f in folder.iterdir()] == [job.result["file"]]
    desk.clock.advance(timedelta(days=7, minutes=1))  # type: ignore[attr-defined]
    try:
        assert desk.browser("chen").get(f"/t/{desk.slug}/jobs/{id_}/file").status_code == 404
        assert "the file is gone" in desk.browser("chen").get(f"/t/{desk.slug}/jobs/{id_}").text
        with desk.ctx() as ctx:
            queue.add(ctx.conn, exports.SWEEP, {}, now=ctx.now)
        work(desk.app, desk.slug)
        assert list(folder.iterdir()) == []
    finally:
        desk.clock.set(NOW)  # type: ignore[attr-defined]


def tenant_of(desk: Desk) -> Any:
    with desk.ctx() as ctx:
        return ctx.tenant


def test_whoever_may_no_longer_export_gets_no_file(desk: Desk, full: dict[str, Any], few: None, monkeypatch: pytest.MonkeyPatch) -> None:
    from runtime.exports import write

    id_ = started(desk, form="csv", columns="list")
    monkeypatch.setattr(write, "may", lambda ctx: False)
    work(desk.app, desk.slug)
    assert job_of(desk, id_).state == "failed" and "None of your roles may export" in (job_of(desk, id_).error or "")
    monkeypatch.undo()
    monkeypatch.setattr(exports, "AT_ONCE", 3)
    id_ = started(desk, form="csv", columns="list")
    work(desk.app, desk.slug)
    monkeypatch.setattr(exports, "may", lambda ctx: False)
    assert desk.browser("chen").get(f"/t/{desk.slug}/jobs/{id_}/file").status_code == 403


def test_more_records_need_no_more_statements(desk: Desk, full: dict[str, Any]) -> None:
    chen = desk.api("chen")
    counts = []
    for n in (1, 12):
        for _i in range(n):
            chen.make(count=200 + n, project=full["fields"]["project"]["id"], helpers=[desk.people["wen"]], lines=[{"fields": {"name": "x"}}])
        post(desk, "chen", f"/e/task/export?f=count.eq.{200 + n}", form="xlsx", columns="all")
        with count_statements(desk.home) as seen:
            post(desk, "chen", f"/e/task/export?f=count.eq.{200 + n}", form="xlsx", columns="all")
        counts.append(seen.total)
    assert counts[0] == counts[1]
