"""The pattern page: every component in every state. Development only; nothing on it touches a tenant.

``/patterns?lang=zh|en&theme=light|dark|system`` needs no database and nobody signed in.
The other addresses answer what the components ask for (search, upload, draft, move).
"""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Any

from flask import Blueprint, Response, abort, current_app, jsonify, request

from kernel.i18n import LANGUAGES
from kernel.platform.clock import SystemClock
from kernel.web.i18n import reading_in
from kernel.web.shell import THEMES, NavGroup, NavItem, Shell, ShellPerson, content_security_policy

_PARTS = ("base", "marks", "record", "timeline", "lists", "forms", "feedback", "design")


def _render(template: str, language: str, **context: Any) -> str:
    """``template`` in ``language``; ``w(english, chinese)`` writes sample words in both."""

    def words(english: str, chinese: str) -> str:
        return chinese if language == "zh" else english

    with reading_in(language):
        return current_app.jinja_env.get_template(template).render(w=words, **context)


def _language() -> str:
    language = request.args.get("lang", LANGUAGES[0])
    if language not in LANGUAGES:
        abort(404)
    return language


def sample_shell(language: str, theme: str, nonce: str, base: str = "/patterns") -> Shell:
    """A frame with every entry filled in."""
    zh = language == "zh"

    def item(en: str, cn: str, icon: str, **more: Any) -> NavItem:
        return NavItem(cn if zh else en, f"{base}?lang={language}&theme={theme}", icon, **more)

    nav = (
        NavGroup(None, (item("My day", "我的一天", "sun", count=7, shortcut="g d"), item("Inbox", "收件箱", "inbox", count=1, alert=True, shortcut="g i"))),
        NavGroup("工作" if zh else "Work", (
            item("Projects", "项目", "briefcase", active=True, shortcut="g p"), item("Tasks", "任务", "list-check"),
            item("Assets and other things with long names", "资产与其他名字特别长的东西", "package"))),
        NavGroup("看数" if zh else "Insight", (item("Dashboards", "仪表盘", "chart-bar"),)),
    )
    return Shell(
        tenant_name="方圆样例" if zh else "Sample Works", csrf="sample-token", nonce=nonce, language=language, theme=theme, base=base, nav=nav,
        person=ShellPerson("林小满" if zh else "Lin Xiaoman", base, tone=1), create_href=f"{base}/create", can_design=True, design_href=base,
        inbox_href=base, inbox_count=3, day_href=base, sign_out_href=base, search_href=f"{base}/search", place="lists",
    )


def blueprint() -> Blueprint:
    """The pattern page and what its components ask for. Register it only in development."""
    bp = Blueprint("patterns", __name__, url_prefix="/patterns")

    @bp.get("")
    def page() -> Response:
        language, theme = _language(), request.args.get("theme", "system")
        if theme not in THEMES:
            abort(404)
        nonce = secrets.token_urlsafe(16)
        now = SystemClock().now()

        def moment(**delta: float) -> str:
            return (now + timedelta(**delta)).isoformat(timespec="seconds")

        html = _render("patterns.html", language, shell=sample_shell(language, theme, nonce), parts=_PARTS, moment=moment)
        response = Response(html, mimetype="text/html")
        response.headers["Content-Security-Policy"] = content_security_policy(nonce)
        response.headers["Cache-Control"] = "no-store"
        return response

    @bp.get("/options")
    def options() -> Response:
        """5,000 options, 20 at a time."""
        query = request.args.get("q", "").strip().lower()
        found = ({"value": n, "text": f"Item {n:04d}", "note": f"Shelf {n % 40}"} for n in range(5000) if query in f"item {n:04d}")
        return jsonify(options=[option for option, _i in zip(found, range(20), strict=False)])

    @bp.get("/search")
    def search() -> Response:
        query = request.args.get("q", "")
        items = [{"label": f"{query} {n}", "href": "/patterns", "icon": "briefcase", "note": "PRJ-00" + str(n)} for n in range(1, 4)]
        return jsonify(groups=[{"label": "Projects", "items": items}])

    @bp.post("/upload")
    def upload() -> tuple[Response, int]:
        file = request.files.get("file")
        if file is None:
            return jsonify(error={"code": "no_file", "message": "No file came with the request."}), 400
        return jsonify(id=secrets.token_hex(8), name=file.filename, url="/patterns", size=f"{len(file.read()) / 1024:.0f} KB"), 201

    @bp.put("/draft")
    def draft() -> Response:
        return jsonify(saved_at=SystemClock().now().isoformat())

    @bp.post("/move")
    def move() -> tuple[Response, int]:
        if (request.get_json(silent=True) or {}).get("to") == "approval":
            return jsonify(error={"code": "transition_refused", "message": "Two things are missing: plan V1.0, signed schedule."}), 409
        return jsonify(ok=True), 200

    @bp.get("/create")
    def create() -> str:
        return _render("patterns/create.html", _language())

    @bp.get("/rows")
    def rows() -> str:
        return _render("patterns/rows.html", _language(), suffix="-" + secrets.token_hex(4))

    return bp
