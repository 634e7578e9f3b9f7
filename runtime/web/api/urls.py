"""The API's addresses, below ``/t/<tenant>``."""

from __future__ import annotations

from kernel.web.routes import Need, Route
from runtime.incoming.event import BODY_LIMIT
from runtime.incoming.wecom.callback import BODY_LIMIT as WECOM_LIMIT
from runtime.web import alike
from runtime.web.api import approvals, asks, automations, behaviour, bulk, clocks, comments, events, files, openapi, records, views, work
from runtime.web.lines import admin
from runtime.web.lines import api as _route

BASE = "/api/v1"
_RECORDS = f"{BASE}/records/<entity>"
_RECORD = f"{_RECORDS}/<id>"
_VIEWS = f"{BASE}/views/<entity>"


def _work(rule: str, view: object, method: str = "GET") -> Route:
    """For programs of who may administer."""
    return admin(BASE + rule, view, method, channel="api")


ROUTES = (
    _route(f"{BASE}/openapi.json", openapi.document),
    _route(_RECORDS, records.list_records),
    _route(_RECORDS, records.create, "POST"),
    _route(f"{_RECORDS}/count", records.count_records),
    _route(f"{_RECORDS}/bulk", bulk.ask, "POST"),
    _route(_VIEWS, views.list_views),
    _route(_VIEWS, views.create, "POST"),
    _route(f"{_VIEWS}/<view>", views.read),
    _route(f"{_VIEWS}/<view>", views.change, "PATCH"),
    _route(f"{_VIEWS}/<view>", views.remove, "DELETE"),
    _route(f"{_VIEWS}/<view>/restore", views.restore, "POST"),
    _route(f"{BASE}/jobs/<id>", bulk.read_job),
    _route(f"{BASE}/jobs/<id>/items", bulk.read_items),
    _route(f"{BASE}/jobs/<id>/undo", bulk.undo, "POST"),
    _route(f"{BASE}/jobs/<id>/cancel", bulk.cancel, "POST"),
    _route(_RECORD, records.read),
    _route(_RECORD, records.change, "PATCH"),
    _route(_RECORD, records.remove, "DELETE"),
    _route(f"{_RECORD}/restore", records.restore, "POST"),
    _route(f"{_RECORD}/transitions", records.doors),
    _route(f"{_RECORD}/transitions/<key>", records.transition, "POST"),
    _route(f"{_RECORD}/assign", records.assign, "POST"),
    _route(f"{_RECORD}/history", records.read_history),
    _route(f"{_RECORD}/asks", asks.open_ask, "POST"),
    _route(f"{BASE}/asks", asks.list_asks),
    _route(f"{BASE}/asks/<id>/decline", asks.decline, "POST"),
    _route(f"{BASE}/asks/<id>/answer", asks.answer, "POST"),
    _route(f"{BASE}/asks/<id>/withdraw", asks.withdraw, "POST"),
    _route(f"{_RECORD}/comments", comments.list_comments),
    _route(f"{_RECORD}/comments", comments.add, "POST"),
    _route(f"{_RECORD}/comments/<comment>", comments.change, "PATCH"),
    _route(f"{_RECORD}/comments/<comment>", comments.remove, "DELETE"),
    _route(f"{_RECORD}/comments/<comment>/reactions/<key>", comments.react, "PUT"),
    _route(f"{_RECORD}/comments/<comment>/reactions/<key>", comments.react, "DELETE"),
    _route(f"{_RECORD}/follow", comments.read_following),
    _route(f"{_RECORD}/follow", comments.choose_following, "PUT"),
    _route(f"{_RECORD}/follow", comments.choose_following, "DELETE"),
    _work("/work", work.list_work),
    _work("/work/again", work.again, "POST"),
    _work("/work/drop", work.drop, "POST"),
    _work("/work/<int:id>/again", work.again, "POST"),
    _work("/work/<int:id>/drop", work.drop, "POST"),
    _route(f"{BASE}/clocks", clocks.search),
    _route(f"{_RECORD}/clocks", clocks.of_record),
    _route(f"{_RECORD}/behaviour", behaviour.of_record),
    _route(f"{BASE}/behaviour", behaviour.everything),
    _route(f"{_RECORD}/similar", alike.of_record),
    _route(f"{_RECORD}/automations", automations.of_record),
    _route(f"{_RECORD}/actions/<key>", automations.act, "POST"),
    _route(f"{_RECORD}/approvals", approvals.of_record),
    _route(f"{BASE}/approvals", approvals.mine),
    _route(f"{BASE}/approvals/<id>", approvals.read),
    _route(f"{BASE}/approvals/<id>/<verb>", approvals.act, "POST"),
    # Signed by its source instead of a person's token; judged in a reading unit, written in one of its own.
    Route(f"{BASE}/events/wecom/<source>", events.wecom, methods=("GET", "POST"), needs=Need.PUBLIC, reads=True, body_limit=WECOM_LIMIT, channel="api"),
    Route(f"{BASE}/events/<kind>", events.take, methods=("POST",), needs=Need.PUBLIC, reads=True, body_limit=BODY_LIMIT, channel="api"),
    _route(f"{BASE}/files", files.upload, "POST", reads=True, body_limit=files.BODY_LIMIT),
    _route(f"{BASE}/files/<id>", files.describe),
    _route(f"{BASE}/files/<id>/content", files.content),
)
