"""From a form over the review to a release, and every way in which that is refused."""

from __future__ import annotations

import io
import json
import re
from html import unescape

import pytest

from builder.publish import store

TICKET = """\
entity: ticket
title: "{subject}"
fields:
  subject: {type: text, required: true}
  due:     {type: date}
  weight:  {type: integer}
  urgent:  {type: boolean}
  notes:   {type: long_text}
---
machine: ticket
on: ticket
states: {open: open, doing: open, done: closed}
transitions:
  start:  {from: open, to: doing}
  finish: {from: doing, to: done}
---
role: worker
rights:
  ticket: {read: all, create: true, update: own}
"""


def hidden(page: str, name: str) -> str:
    """The value of a hidden input of the review."""
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found, f"no {name} in the page"
    return unescape(found[1])


def publish(desk, page: str, **more):
    return desk.post("publish", {"proposal": hidden(page, "proposal"), "base": hidden(page, "base"), **more})


def parameter_form(**values: str) -> dict[str, str]:
    form = {
        "value.big": "1000", "was.big": "1000", "value.answer_in": "2", "unit.answer_in": "h", "was.answer_in": "7200",
        "value.strict": "false", "was.strict": "false",
    }
    return {**form, **{f"value.{k}": v for k, v in values.items()}}


# --- parameters ---------------------------------------------------------------------------------------------------


def test_a_parameter_is_reviewed_published_and_taken_back(desk):
    review = desk.post("parameters", parameter_form(big="2,500"))
    assert review.status_code == 200
    assert "<del>1000</del>" in review.text and "<ins>2500</ins>" in review.text and "works on" in review.text and "no data are lost" in review.text
    assert desk.release.application.parameter("big").value == 1000, "a review changes nothing"
    answer = publish(desk, review.text, note="Larger")
    assert answer.status_code == 303 and answer.location.endswith("/design/parameters?published=2")
    assert desk.release.application.parameter("big").value == 2500
    assert "template: 1000" in desk.get("parameters").text
    history = desk.get("releases").text
    assert "Larger" in history and "ann" in history.lower()

    back = desk.post("parameters", {**parameter_form(), "reset": "big"})
    publish(desk, back.text)
    assert desk.release.application.parameter("big").value == 1000
    with desk.home.read() as conn:
        assert store.tenant_changes(conn) == (), "back to the template leaves no trace in the tenant's own changes"


def test_lengths_of_time_and_switches(desk):
    publish(desk, desk.post("parameters", {**parameter_form(answer_in="1.5", strict="true"), "unit.answer_in": "d"}).text)
    assert desk.release.application.parameter("answer_in").value == 129_600
    assert desk.release.application.parameter("strict").value is True


WRONG_VALUES = (
    ("big", "99999", "0 to 5000"), ("big", "-1", "0 to 5000"), ("big", "many", "no number"), ("big", "", "A value is needed"), ("big", "1e999", "no number"),
    ("big", "NaN", "no number"), ("strict", "perhaps", "yes or no"), ("answer_in", "soon", "no number"),
)


def test_a_wrong_value_is_said_beside_it_and_kept(desk):
    for key, typed, said in WRONG_VALUES:
        answer = desk.post("parameters", parameter_form(**{key: typed}))
        assert answer.status_code == 422 and said in answer.text, (key, typed)
        assert key == "strict" or f'value="{typed}"' in answer.text, (key, typed)
    assert desk.release.id == 1


def test_nothing_changed_is_said(desk):
    answer = desk.post("parameters", parameter_form())
    assert answer.status_code == 200 and "Nothing was changed" in answer.text


def test_what_nobody_touched_does_not_take_back_what_a_colleague_published(desk):
    desk.publish_elsewhere("parameter: answer_in\nvalue: 60\n")
    review = desk.post("parameters", {**parameter_form(big="3000"), "base": "the one before"})
    assert "was published while you had this page open" in review.text
    publish(desk, review.text)
    assert desk.release.application.parameter("answer_in").value == 60 and desk.release.application.parameter("big").value == 3000


def test_htmx_gets_the_dialog_or_the_body(desk):
    review = desk.post("parameters", parameter_form(big="2000"), headers={"HX-Request": "true"})
    assert review.text.strip().startswith("<dialog") and "data-open" in review.text and "<html" not in review.text
    wrong = desk.post("parameters", parameter_form(big="x"), headers={"HX-Request": "true"})
    assert wrong.status_code == 422 and wrong.headers["HX-Retarget"] == "#content .page-body" and "<html" not in wrong.text


# --- conflicts ----------------------------------------------------------------------------------------------------


def test_somebody_was_faster_and_nothing_is_lost(desk):
    review = desk.post("parameters", parameter_form(big="2500"))
    desk.publish_elsewhere("parameter: strict\nvalue: true\n")
    answer = publish(desk, review.text, note="mine")
    assert answer.status_code == 409 and "Somebody was faster" in answer.text and "Release 2" in answer.text
    again = desk.post("review", {"proposal": hidden(answer.text, "proposal"), "note": hidden(answer.text, "note")})
    assert again.status_code == 200 and "<ins>2500</ins>" in again.text and 'value="mine"' in again.text
    assert publish(desk, again.text).status_code == 303
    assert desk.release.application.parameter("big").value == 2500 and desk.release.application.parameter("strict").value is True


def test_a_busy_database_keeps_the_input(desk, monkeypatch):
    from builder.web import review as module
    from kernel.errors import Busy

    def busy(*args, **options):
        raise Busy()

    review = desk.post("add", {"text": TICKET})
    monkeypatch.setattr(module, "publish_prepared", busy)
    answer = publish(desk, review.text)
    assert answer.status_code == 503 and "entity: ticket" in answer.text and "Look at it again" in answer.text


PROPOSALS_NOBODY_WROTE = (
    "", "{", "[]", "{}", '{"kind": "rm"}', '{"kind": "changes", "changes": [1]}', '{"kind": "changes", "changes": [{"do": "set"}]}',
    '{"kind": "changes", "changes": [{"do": "set", "uid": "gone", "path": "value", "value": 1}]}',
    '{"kind": "changes", "changes": [{"do": "set", "uid": "office:task", "path": "key", "value": 5}]}',
    '{"kind": "changes", "changes": [{"do": "set", "uid": "office:task", "path": "kind", "value": "rocket"}]}',
    '{"kind": "changes", "changes": [{"do": "remove", "uid": "platform:person"}]}',
    '{"kind": "changes", "changes": [{"do": "move", "uid": "office:task", "parent": "office:task", "slot": "fields", "rank": "1"}]}',
    '{"kind": "changes", "changes": [{"do": "set", "uid": "office:task.due", "path": "settings", "value": []}]}',
    '{"kind": "changes", "changes": [{"do": "set", "uid": "office:parameter/big", "path": "value", "value": {"a": 1}}]}',
    '{"kind": "changes", "changes": [{"do": "set", "uid": "office:task", "path": "labels", "value": 7}]}',
    '{"kind": "release", "release": 77}', '{"kind": "release", "release": 1e400}', '{"kind": "release", "release": true}', '{"kind": "documents", "text": 5}',
    '{"kind": "documents", "text": "a: [", "back": "https://elsewhere.example/"}', "[" * 5000,
)


@pytest.mark.parametrize("place", ["review", "publish"])
def test_a_proposal_nobody_wrote_is_refused_without_a_fault(desk, place):
    for proposal in PROPOSALS_NOBODY_WROTE:
        answer = desk.post(place, {"proposal": proposal, "base": desk.release.hash})
        assert answer.status_code in (400, 404, 422), f"{proposal[:100]}: {answer.status_code}"
        assert 'elsewhere.example/"' not in answer.text
    assert desk.release.id == 1


# --- adding a file ------------------------------------------------------------------------------------------------


def test_one_file_adds_an_entity_with_a_workflow(desk):
    review = desk.post("add", {"text": TICKET})
    assert review.status_code == 200, review.text[-2000:]
    for words in ("Everything fits", "5 fields", "3 states", "1 table appears", "no data are lost"):
        assert words in review.text, words
    assert publish(desk, review.text).status_code == 303
    assert len(desk.release.application.entity("ticket").fields) == 5
    assert desk.get("entities/ticket").status_code == 200


def test_a_file_can_be_uploaded(desk):
    review = desk.post("add", {"text": "", "file": (io.BytesIO(b"\xef\xbb\xbf" + TICKET.encode()), "ticket.yaml")}, content_type="multipart/form-data")
    assert review.status_code == 200 and "5 fields" in review.text


def test_every_mistake_at_once_with_its_line(desk):
    wrong = TICKET.replace("type: integer", "type: integr").replace("to: done", "to: dune").replace("type: date", "type: date, default: TODAYY()")
    answer = desk.post("add", {"text": wrong})
    assert answer.status_code == 422
    for line in (5, 6, 15):
        assert f'data-go-line="{line}"' in answer.text, line
    assert "integr" in answer.text and "dune" in answer.text and "TODAYY" in answer.text and "subject: {type: text" in answer.text
    assert desk.release.id == 1


BROKEN_FILES = (
    "", "   \n", "a: [", "- 1\n- 2\n", "entity: [1]\n", "entity: task\nfields: 5\n", "&a entity: x\nfoo: *a\n", "!!python/object:os.system {}\n", "\x00",
    "entity: ticket\nfields:\n  a: {type: computed, value: " + "(" * 3000 + "}\n", "labels: zh\nnothing: {_: x}\n", "sample: s\nsteps: []\n",
    "entity: task\nremove: true\n", "entity: x\n" * 3, "a" * 600_000, "{" * 2000, "role: chief\ncan: []\nrights: {task: {read: [1]}}\n",
)


def test_no_file_breaks_the_page(desk):
    for text in BROKEN_FILES:
        answer = desk.post("add", {"text": text})
        assert answer.status_code in (200, 400, 422), f"{text[:100]}: {answer.status_code}"
    assert desk.release.id == 1


def test_a_file_that_is_no_text(desk):
    answer = desk.post("add", {"file": (io.BytesIO(b"\xff\xfe\x00\x81"), "x.yaml")}, content_type="multipart/form-data")
    assert answer.status_code == 422 and "UTF-8" in answer.text


def test_what_goes_out_of_sight_is_said(desk):
    review = desk.post("add", {"text": "entity: task\nfields:\n  remove: [kind]\n---\nform: task\nsections: {main: {items: {remove: [kind]}}}\n"})
    assert review.status_code == 200, re.findall(r'<p class="medium">.*?</p>', review.text)
    assert "goes out of sight" in review.text and "goes" in review.text


# --- options ------------------------------------------------------------------------------------------------------


def option_form(**more) -> dict:
    form: dict = {"order": ["repair", "build", "paint"]}
    for key, zh, en in (("repair", "维修", "Repair"), ("build", "新建", "Build"), ("paint", "粉刷", "Paint")):
        form |= {f"zh.{key}": zh, f"was.zh.{key}": zh, f"en.{key}": en, f"was.en.{key}": en}
    return {**form, **more}


def test_options_are_renamed_added_retired_and_reordered(desk):
    review = desk.post("options/task_kind", option_form(**{
        "order": ["paint", "repair", "build"], "en.repair": "Mend", "retired.build": "1", "new.0.en": "Clean up", "new.0.zh": "清理"}))
    assert review.status_code == 200 and "<ins>Mend</ins>" in review.text and "another order" in review.text and "Clean up" in review.text
    publish(desk, review.text)
    found = desk.release.application.option_set("task_kind")
    assert [o.key for o in found.options] == ["paint", "repair", "build", "clean_up"]
    assert found.by_key["repair"].labels["en"] == "Mend" and found.by_key["build"].retired


WRONG_OPTIONS: tuple[tuple[dict[str, str], str], ...] = (
    ({"zh.repair": "", "en.repair": ""}, "Give the option a name"), ({"new.0.key": "repair", "new.0.en": "Again"}, "taken already"),
    ({"new.0.key": "Bad Key", "new.0.en": "Bad"}, "small letters"), ({"new.1.en": "x" * 300}, "too long"),
)


def test_options_that_need_attention(desk):
    for more, said in WRONG_OPTIONS:
        answer = desk.post("options/task_kind", option_form(**more))
        assert answer.status_code == 422 and said in answer.text, more
    assert desk.release.id == 1


def test_an_unchanged_list_and_an_order_of_strangers(desk):
    assert "Nothing was changed" in desk.post("options/task_kind", option_form()).text
    assert "Nothing was changed" in desk.post("options/task_kind", option_form(order=["x", "paint"])).text


# --- fields -------------------------------------------------------------------------------------------------------


def test_a_field_is_added_to_entity_and_form(desk):
    review = desk.post("entities/task/fields/new", {"label_en": "Remark", "label_zh": "备注", "type": "text", "help_en": "Anything else", "default": '"-"'})
    assert review.status_code == 200 and "Remark" in review.text and "1 column appears" in review.text
    assert publish(desk, review.text).location.endswith("/design/entities/task?published=2")
    task = desk.release.application.entity("task")
    assert task.field("remark").default == '"-"'
    assert desk.release.application.forms_of("task")[0].sections[0].items[-1].key == "remark"


def test_a_choice_and_a_reference_need_their_target(desk):
    assert "Choose the list of options" in desk.post("entities/task/fields/new", {"label_en": "A", "type": "choice"}).text
    assert "Choose what it refers to" in desk.post("entities/task/fields/new", {"label_en": "A", "type": "reference", "to": "x"}).text
    assert desk.post("entities/task/fields/new", {"label_en": "A", "type": "reference", "to": "person"}).status_code == 200


def test_a_field_is_altered(desk):
    review = desk.post("entities/task/fields/due", {"label_en": "Due by", "label_zh": "到期日", "required": "1", "default": "TODAY() + 3"})
    assert "<ins>Due by</ins>" in review.text and "TODAY() + 3" in review.text
    publish(desk, review.text)
    due = desk.release.application.entity("task").field("due")
    assert due.required and due.default == "TODAY() + 3" and due.labels["en"] == "Due by"


WRONG_FIELDS = (
    ({"type": "text"}, "Give the field a name"), ({"label_en": "A", "type": "text", "key": "due"}, "taken already"),
    ({"label_en": "A", "key": "owner"}, "taken already"), ({"label_en": "A", "key": "1x"}, "small letters"),
    ({"label_en": "A", "type": "rocket"}, "types in the list"), ({"label_en": "A", "type": "boolean", "unique": "1"}, "unique"),
    ({"label_en": "A", "default": "IF(("}, "can&#39;t be read"), ({"label_en": "A", "help_en": "x" * 300}, "too long"),
    ({"label_en": "A", "type": "integer", "default": '"text"'}, "stand"),
)


def test_a_field_that_needs_attention(desk):
    for form, said in WRONG_FIELDS:
        answer = desk.post("entities/task/fields/new", form)
        assert answer.status_code == 422 and said in answer.text, form
    assert desk.release.id == 1


# --- releases -----------------------------------------------------------------------------------------------------


def test_going_back_has_a_plan_of_its_own(desk):
    publish(desk, desk.post("add", {"text": TICKET}).text)
    assert "ticket" in desk.release.application.entities
    review = desk.post("releases/1/back")
    assert review.status_code == 200 and "out of sight" in review.text
    assert publish(desk, review.text).status_code == 303
    assert "ticket" not in desk.release.application.entities and desk.release.id == 3
    page = desk.get("releases/3").text
    assert "Ticket" in page and "goes" in page


def test_going_back_to_where_one_is_and_to_nowhere(desk):
    assert desk.post("releases/1/back").status_code == 409
    assert desk.post("releases/99/back").status_code == 404
    assert desk.post("releases/99999999999999999999/back").status_code == 404


def test_a_write_without_token_is_refused(desk):
    review = desk.post("parameters", parameter_form(big="2500"))
    form = {"proposal": hidden(review.text, "proposal"), "base": hidden(review.text, "base")}
    assert desk.client.post("/t/acme/design/publish", data=form).status_code == 403
    assert desk.release.id == 1


def test_a_proposal_is_plain_data(desk):
    review = desk.post("parameters", parameter_form(big="2500"))
    assert json.loads(hidden(review.text, "proposal"))["changes"] == [{"do": "set", "uid": "office:parameter/big", "path": "value", "value": 2500}]
