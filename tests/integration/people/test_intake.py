"""People from a spreadsheet: what is read, what is refused, and all or nothing."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import openpyxl
import pytest
from sqlalchemy import func, select

from kernel.errors import Invalid
from kernel.platform import accounts, links
from kernel.platform import tables as t
from kernel.platform.clock import FixedClock
from kernel.platform.database import count_statements
from runtime.people import intake, sheet
from runtime.records import road
from tests.factories.desk import Desk, make_desk, settings_for
from tests.factories.platform import csrf_of

BASE = "/settings/people/import"


@pytest.fixture(params=["sqlite", "postgresql"])
def desk(request: pytest.FixtureRequest, tmp_path: Path, clock: FixedClock) -> Iterator[Desk]:
    url = request.getfixturevalue("pg_url") if request.param == "postgresql" else None
    with make_desk(settings_for(request.param, tmp_path, url), clock) as made:
        yield made


def post(desk: Desk, path: str, data: dict, login: str = "chen"):
    browser = desk.browser(login)
    return browser.post(f"/t/{desk.slug}{path}", data=data, headers={"X-CSRFToken": csrf_of(browser, desk.app, desk.slug)})


def data_of(page: str) -> str:
    found = re.search(r'name="data" value="([^"]*)"', page)
    assert found is not None
    return unescape(found[1])


def xlsx(rows: list[list[object]]) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


# --- reading ----------------------------------------------------------------------------------------------------------


def test_files_as_they_come():
    rows = [["姓名", "手机号"], ["李 花", 13800138000.0], [None, None], ["王五", "139"]]
    assert sheet.read(xlsx(rows)) == [["姓名", "手机号"], ["李 花", "13800138000"], ["王五", "139"]]
    assert sheet.read("姓名,部门\r\n李花,东区\r\n".encode("gb18030")) == [["姓名", "部门"], ["李花", "东区"]]
    assert sheet.read("\ufeff姓名;部门\n李花;\"东;区\"\n".encode()) == [["姓名", "部门"], ["李花", "东;区"]]
    assert sheet.read("name\tteam\nHua\tEast".encode("utf-16")) == [["name", "team"], ["Hua", "East"]]
    assert sheet.read_text("name\tphone\n\n Hua \u3000 Li\t1") == [["name", "phone"], ["Hua Li", "1"]]


def bomb(declared: bool = True) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * (sheet.MOST_UNPACKED + 1))
    return out.getvalue()


def lying_bomb() -> bytes:
    """A part that claims to be small."""
    made = bytearray(bomb())
    size = (sheet.MOST_UNPACKED + 1).to_bytes(4, "little")
    return bytes(made.replace(size, (100).to_bytes(4, "little")))


@pytest.mark.parametrize("data", [
    b"", b"\n \n", b"\xff\xfe\xff", b"%PDF-1.7\x00\x01", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1rest", b"PK\x03\x04nonsense", bomb(), lying_bomb(),
    b"x" * (sheet.MOST_BYTES + 1), b"name\n" + b"a\n" * (sheet.MOST_ROWS + 1), b",".join(b"c%d" % n for n in range(sheet.MOST_COLUMNS + 2)), b'name\n"' + b"a" * 200_000,
], ids=["nothing", "blank", "utf16", "pdf", "old-excel", "no-zip", "bomb", "lying-bomb", "large", "long", "wide", "cell"])
def test_what_is_no_table_is_refused_in_words(data):
    with pytest.raises(Invalid) as caught:
        sheet.read(data)
    assert str(caught.value.problems[0].message)


@pytest.mark.parametrize("place", ["XFD1048576", "ZZZ9000", "A99999999"])
def test_one_cell_far_out_does_not_unfold_the_whole_sheet(place):
    made = xlsx([["name"], ["Hua"], ["Bo"]])
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(made)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.namelist():
            new.writestr(part, old.read(part).replace(b'r="A3"', b'r = "%s"' % place.encode()))
    with pytest.raises(Invalid):
        sheet.read(out.getvalue())


def test_many_parts_and_huge_sheets_are_refused():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for n in range(sheet.MOST_PARTS + 1):
            archive.writestr(f"x{n}", b"")
    with pytest.raises(Invalid):
        sheet.read(out.getvalue())
    with pytest.raises(Invalid):
        sheet.read(xlsx([["name"], *([f"n{n}"] for n in range(sheet.MOST_ROWS + 300))]))


@pytest.mark.parametrize(("header", "expected"), [
    (["姓名", "手机号", "邮箱", "部门", "角色", "直属上级"], {"name": 0, "phone": 1, "email": 2, "team": 3, "roles": 4, "manager": 5}),
    (["Employee", "Log-in", "E-mail", "Department", "Role(s)", "Reports to"], {"name": 0, "login": 1, "email": 2, "team": 3, "roles": 4, "manager": 5}),
    (["序号", "员工姓名 *", "所属门店", "备注"], {"name": 1, "team": 2}),
    (["Mobile phone", "Full name"], {"phone": 0, "name": 1}),
])
def test_columns_are_guessed_from_their_headings(header, expected):
    assert intake.guess(header) == expected


# --- checking and writing ---------------------------------------------------------------------------------------------


def test_every_problem_is_named_by_row_and_nothing_is_written(desk):
    text = "\n".join([
        "name,login,email,team,roles,manager",
        "Hua,hua,hua@example.com,East,worker,Mei",
        ",nobody,,,,",
        "Bo,WEN,,North,boss;worker,Zed",
        "Cy,hua,not an address,,,Cy",
        "Di,,,,,",
        "Ed,ed,,,,Flo",
        "Flo,flo,,,,Ed",
    ])
    before = counted(desk)
    page = post(desk, BASE, {"text": text})
    assert page.status_code == 200 and counted(desk) == before
    words = unescape(page.text)
    for said in ("Row 3", "The name is missing", "signs in here already", "no team “North”", "no role “boss”", "called “Zed”", "also stands in row 2", "is no e-mail address",
                 "Nobody reports to themselves", "nothing to sign in with", "in a circle"):
        assert said in words, said
    assert "Add 7 people" not in words and "6 need attention" in words
    refused = post(desk, f"{BASE}/write", {"data": data_of(page.text)})
    assert refused.status_code == 422 and counted(desk) == before, "problems are not overlooked by going straight to the end"


def counted(desk: Desk) -> tuple[int, ...]:
    with desk.ctx() as ctx:
        tables = (t.account, t.person_role, t.audit, ctx.tables.of("person").table, ctx.tables.of("team").table, t.invitation)
        return tuple(ctx.conn.execute(select(func.count()).select_from(table)).scalar() for table in tables)


def test_a_mended_sheet_is_written_whole_with_managers_teams_and_links(desk):
    text = "姓名,手机号,部门,角色,上级\n花,13800138000,East,worker、guest,Bo\nBo,bo-login,North,keeper,Mei"
    page = post(desk, BASE, {"text": text})
    assert "no team “North”" in unescape(page.text)
    page = post(desk, BASE, {"data": data_of(page.text), "c-3-team": "West", "c-3-phone": "13900139000"})
    assert "Add 2 people" in page.text, unescape(page.text)[-4000:]
    done = post(desk, f"{BASE}/write", {"data": data_of(page.text), "invite": "1"})
    assert done.status_code == 200 and done.text.count("/link/") >= 2 and done.headers["Cache-Control"] == "no-store"
    with desk.ctx() as ctx:
        hua, bo = (accounts.find_by_login(ctx.conn, login) for login in ("13800138000", "13900139000"))
        assert hua is not None and bo is not None and hua.invited
        record = road.load(ctx, "person", hua.person_id)
        assert record.values["manager"] == bo.person_id and record.values["team"] == desk.teams["east"] and record.created_by == desk.people["chen"]
        assert accounts.roles_of(ctx.conn, hua.person_id) == {"worker", "guest"}
        assert set(links.open_until(ctx.conn, [hua.person_id, bo.person_id], links.INVITE, ctx.now)) == {hua.person_id, bo.person_id}
        assert ctx.conn.execute(select(t.audit.c.data).where(t.audit.c.kind == "person.imported")).scalar()["n"] == 2
        assert ctx.conn.execute(select(t.change_log.c.channel).where(t.change_log.c.record_id == hua.person_id)).scalar() == "import"


def test_missing_teams_are_made_when_asked_for(desk):
    page = post(desk, BASE, {"text": "name,login,team\nHua,hua,North"})
    done = post(desk, f"{BASE}/write", {"data": data_of(page.text), "new_teams": "1"})
    assert done.status_code == 200 and "can be invited from the list" in done.text
    with desk.ctx() as ctx:
        account = accounts.find_by_login(ctx.conn, "hua")
        assert account is not None
        team = road.load(ctx, "person", account.person_id).values["team"]
        assert road.load(ctx, "team", team).values["name"] == "North"


def test_what_the_road_refuses_stands_at_its_row_and_nothing_stays(desk):
    before = counted(desk)
    page = post(desk, BASE, {"text": "name,login,phone\nHua,hua,13800138000\nBo,bo,nonsense"})
    done = post(desk, f"{BASE}/write", {"data": data_of(page.text)})
    assert done.status_code == 422 and "Row 3" in done.text and counted(desk) == before


def test_five_hundred_rows_at_once_and_statements_do_not_grow_with_them(desk):
    def sheet_of(n: int, mark: str) -> str:
        return "name,login,team,roles,manager\n" + "\n".join(f"P{mark}{i},p{mark}{i},{'East' if i % 2 else 'West'},worker,{'Mei' if i == 0 else f'P{mark}0'}" for i in range(n))

    few_page = post(desk, BASE, {"text": sheet_of(5, "a")})
    with count_statements(desk.home) as few:
        assert post(desk, f"{BASE}/write", {"data": data_of(few_page.text)}).status_code == 200
    page = post(desk, BASE, {"text": sheet_of(500, "b")})
    assert "Add 500 people" in page.text
    with count_statements(desk.home) as many:
        done = post(desk, f"{BASE}/write", {"data": data_of(page.text)})
    assert done.status_code == 200 and "500 people added" in done.text
    assert many.total <= few.total + 12, (few.total, many.total)
    assert counted(desk)[0] == 511


@pytest.mark.parametrize("data", ["", "[]", "{", '[[1, {"name": "x"}], [1, {"name": "y"}]]', '[["1", {"name": "x"}]]', '[[1, {"name": 5}]]', "[[1]]", "5", "[[1, []]]", '[[-1, {"name": "x"}]]'])
def test_forged_rows_are_refused(desk, data):
    for path in (BASE, f"{BASE}/write"):
        assert post(desk, path, {"data": data}).status_code == 400, path


def test_only_administrators_and_never_more_than_they_hold(desk):
    assert desk.browser("mei").get(f"/t/{desk.slug}{BASE}").status_code == 403
    assert post(desk, BASE, {"text": "name\nx"}, "mei").status_code == 403
    assert post(desk, f"{BASE}/write", {"data": json.dumps([[2, {"name": "x", "login": "x"}]])}, "mei").status_code == 403
