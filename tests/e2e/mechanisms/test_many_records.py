"""One act on many records of the demo company, and its lists as files, on a phone and on a desktop."""

from __future__ import annotations

import csv
import io
import itertools
import re

import openpyxl
import pytest

from tests.e2e.mechanisms import keys, screen

pytestmark = pytest.mark.browser

# Titles of their own: a second try must not meet what the first one left.
NUMBERS = itertools.count(1)


def select(page, names):
    """Tick the rows with these titles."""
    for name in names:
        page.locator("tr", has_text=name).locator("[data-select-row]").check()


def act(page, name):
    """Press a button of the bar and wait for its dialog."""
    page.locator(".bulk-bar").get_by_role("button", name=name).click()
    dialog = page.locator("#bulk-dialog[open]")
    dialog.wait_for()
    return dialog


def menu(page, size):
    """Open what can be done with the list itself."""
    page.locator(".filter-bar" if size == "phone" else ".page-actions").locator("[data-menu-button][aria-label=更多]").click()


def test_a_step_for_many_with_refusals(people, rep):
    """New ones are reached, one stands further on already: it is refused with its reason, the others go through."""
    mark = f"批量推进{people.size}"
    made = [rep.make("lead", **keys.lead_fields(company=f"{mark}{n}", need="看门店")) for n in range(3)]
    page = people.page(keys.SUPERVISOR, f"/e/lead?q={mark}")
    select(page, [f"{mark}{n}" for n in range(3)])
    assert screen.fits(page), "the bar fits"
    dialog = act(page, "推进")
    dialog.locator(".bulk-step").first.wait_for()
    assert "新线索：3 条" in dialog.inner_text()
    # Meanwhile one of them moves on by somebody else's hand.
    doors = rep.get(f"/records/lead/{made[2]['id']}/transitions").json["items"]
    first = next(d for d in doors if d["primary"])
    assert rep.post(f"/records/lead/{made[2]['id']}/transitions/{first['key']}", {}, version=1).status_code == 200
    dialog.locator(".bulk-step", has_text=first["label"]).click()
    page.get_by_text("2 条可以完成").wait_for()
    dialog = page.locator("#bulk-dialog[open]")
    told = dialog.inner_text()
    assert "期间有人改过" in told and f"{mark}2" in told and "不能自动撤销" in told
    assert screen.fits(page)
    dialog.get_by_role("button", name=f"{first['label']}：2 条").click()
    done = page.locator("#job-dialog[open]")
    done.wait_for()
    assert "完成 2 条" in done.inner_text() and "期间有人改过" in done.inner_text()
    assert {rep.get(f"/records/lead/{m['id']}").json["state"] for m in made} == {first["to"]}


@pytest.mark.parametrize("size", ["desktop"])
def test_what_a_rule_refuses_stays_behind_with_its_reason(people, rep, size):
    """One of two has what the step needs; the other is refused by the rule itself, before and after."""
    mark = f"批量合格{next(NUMBERS)}{people.size}"
    made = [rep.make("lead", **keys.lead_fields(company=f"{mark}{n}", budget=keys.cny(50000), deciders=1)) for n in range(2)]
    for one in made:
        assert rep.post(f"/records/lead/{one['id']}/transitions/contact", {}, version=1).status_code == 200
    customer = rep.make("customer", **keys.customer_fields(f"{mark}公司"))["id"]
    rep.make("visit", **keys.visit_fields(customer, lead=made[0]["id"]))
    step = next(d for d in rep.get(f"/records/lead/{made[1]['id']}/transitions").json["items"] if d["key"] == "qualify")
    page = people.page(keys.SUPERVISOR, f"/e/lead?q={mark}")
    select(page, [f"{mark}{n}" for n in range(2)])
    act(page, "推进").locator(".bulk-step", has_text=step["label"]).click()
    page.locator("#bulk-dialog[open]").get_by_role("button", name="先看结果").click()
    page.get_by_text("1 条可以完成").wait_for()
    dialog = page.locator("#bulk-dialog[open]")
    assert f"{mark}1" in dialog.inner_text() and step["missing"][0]["what"] in dialog.inner_text() and screen.fits(page)
    dialog.get_by_role("button", name=f"{step['label']}：1 条").click()
    done = page.locator("#job-dialog[open]")
    done.wait_for()
    assert "完成 1 条" in done.inner_text() and step["missing"][0]["what"] in done.inner_text()
    assert [rep.get(f"/records/lead/{m['id']}").json["state"] for m in made] == ["qualified", "contacted"]
    assert screen.fits(page)


def test_an_edit_looked_at_done_and_taken_back(people, rep):
    mark = f"批量修改{people.size}"
    made = [rep.make("lead", **keys.lead_fields(company=f"{mark}{n}", need="旧需求")) for n in range(2)]
    page = people.page(keys.SUPERVISOR, f"/e/lead?q={mark}")
    select(page, [f"{mark}{n}" for n in range(2)])
    dialog = act(page, "修改字段")
    dialog.locator("#bulk-add").select_option("need")
    page.locator(".bulk-field[data-field=need]").wait_for()
    page.locator("#bulk-dialog[open] button[name=go]").click()
    page.get_by_text("请填写新值").wait_for()
    page.locator(".bulk-field[data-field=need] textarea, .bulk-field[data-field=need] input[type=text]").first.fill("新需求")
    page.locator("#bulk-dialog[open] button[name=go]").click()
    page.get_by_text("2 条可以完成").wait_for()
    dialog = page.locator("#bulk-dialog[open]")
    assert "新需求" in dialog.inner_text() and "可以撤销" in dialog.inner_text() and screen.fits(page)
    assert [rep.get(f"/records/lead/{m['id']}").json["version"] for m in made] == [1, 1], "nothing is written before"
    dialog.get_by_role("button", name="修改 2 条").click()
    page.locator("#toasts").get_by_text("完成 2 条").wait_for()
    assert [rep.get(f"/records/lead/{m['id']}").json["fields"]["need"] for m in made] == ["新需求", "新需求"]
    page.locator("#toasts [data-toast-undo]").click()
    page.wait_for_url(re.compile("/e/lead"))
    page.locator("#toasts").get_by_text("完成 2 条").wait_for()
    assert [rep.get(f"/records/lead/{m['id']}").json["fields"]["need"] for m in made] == ["旧需求", "旧需求"]
    people.go(page, "/jobs")
    assert page.locator(".job-row").count() >= 2 and "撤销" in page.locator(".job-row").first.inner_text() and screen.fits(page)


def test_a_list_as_a_file(people, rep):
    mark = f"导出{people.size}"
    rep.make("lead", **keys.lead_fields(company=f"{mark}甲", need="=1+1", budget=keys.cny(52000)))
    page = people.page(keys.DIRECTOR, f"/e/lead?q={mark}")
    for form in ("xlsx", "csv"):
        menu(page, people.size)
        page.get_by_role("menuitem", name="导出").click()
        dialog = page.locator("#export-dialog[open]")
        dialog.wait_for()
        assert screen.fits(page)
        dialog.get_by_text("CSV" if form == "csv" else "Excel", exact=False).first.click()
        dialog.get_by_text("我能查看的全部字段").click()
        with page.expect_download() as waiting:
            dialog.get_by_role("button", name="导出").click()
        file = waiting.value
        assert file.suggested_filename.startswith("线索 ") and file.suggested_filename.endswith(f".{form}")
        if form == "xlsx":
            sheet = openpyxl.load_workbook(io.BytesIO(file.path().read_bytes())).worksheets[0]
            found = dict(zip([c.value for c in sheet[1]], list(sheet[2]), strict=True))
            assert sheet.max_row == 2 and (found["预算"].value, found["需求"].value, found["需求"].data_type) == (52000, "=1+1", "s")
        else:
            head, row = csv.reader(io.StringIO(file.path().read_bytes().decode("utf-8-sig"), newline=""))
            assert dict(zip(head, row, strict=True))["需求"] == "'=1+1"
    other = people.page(keys.REP, "/e/lead")
    menu(other, people.size)
    assert other.get_by_role("menuitem", name="导出").count() == 0
