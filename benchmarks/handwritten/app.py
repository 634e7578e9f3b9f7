"""Flask views of the hand-written application: a form page, its post, and a small JSON API."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

from flask import Flask, Response, abort, g, jsonify, redirect, render_template, request
from sqlalchemy import create_engine, event, select
from sqlalchemy.orm import Session, joinedload
from werkzeug.datastructures import MultiDict
from wtforms.fields import SelectChoice

from benchmarks.handwritten.forms import BLANK, AssetForm
from benchmarks.handwritten.models import Asset, AssetGroup, Base, History, Once, Person, SignIn, Span

FIELDS = [name for name in AssetForm.__dict__ if not name.startswith("_") and not name.startswith("validate")]
MONEY = {"amount", "cost", "rate", "discount", "total"}
TRANSITIONS = {"start": ("planned", "in_use"), "retire": ("in_use", "retired")}
PAGE = 50


def create(url: str) -> Flask:
    """The application on a database; SQLite with the same durability as ours."""
    engine = create_engine(url)
    if engine.dialect.name == "sqlite":
        @event.listens_for(engine, "connect")
        def connect(driver: Any, record: Any) -> None:
            driver.isolation_level = None
            for pragma in (
                "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=10000", "cache_size=-8000", "temp_store=MEMORY",
            ):
                driver.execute(f"PRAGMA {pragma}")

        @event.listens_for(engine, "begin")
        def begin(conn: Any) -> None:
            conn.exec_driver_sql("BEGIN IMMEDIATE" if getattr(g, "writes", False) else "BEGIN")
    app = Flask(__name__)
    app.config["ENGINE"] = engine

    @contextmanager
    def unit(writes: bool) -> Iterator[Session]:
        g.writes = writes
        with Session(engine, expire_on_commit=False) as session:
            yield session

    def person_of(session: Session, secret: str) -> tuple[Person, SignIn]:
        hashed = hashlib.sha256(secret.encode()).hexdigest()
        row = session.execute(select(Person, SignIn).join(SignIn, SignIn.person_id == Person.id).where(SignIn.hash == hashed)).first()
        if row is None or row[1].expires_at.replace(tzinfo=UTC) < datetime.now(UTC):
            abort(401)
        return row[0], row[1]

    def signed_in(session: Session) -> tuple[Person, SignIn]:
        bearer = request.headers.get("Authorization", "")
        return person_of(session, bearer.removeprefix("Bearer ") if bearer else request.cookies.get("session", ""))

    def visible(person: Person) -> Any:
        query = select(Asset).options(joinedload(Asset.group), joinedload(Asset.keeper), joinedload(Asset.owner))
        return query if person.role == "manager" else query.where(Asset.owner_id == person.id)

    def find(session: Session, person: Person, id_: str) -> Asset:
        return session.execute(visible(person).where(Asset.id == id_)).scalar_one_or_none() or abort(404)

    def log(session: Session, asset: Asset, person: Person, kind: str, changes: dict[str, Any], now: datetime) -> None:
        last = session.execute(select(History.seq, History.hash).where(History.record_id == asset.id).order_by(History.seq.desc()).limit(1)).first()
        seq, prev = (last.seq + 1, last.hash) if last else (1, None)
        body = json.dumps([asset.id, seq, kind, changes, prev], sort_keys=True, default=str)
        session.add(History(id=str(uuid4()), record_id=asset.id, seq=seq, at=now, actor_id=person.id, kind=kind, changes=changes, prev_hash=prev,
                            hash=hashlib.sha256(body.encode()).hexdigest()))

    def plain(value: Any) -> Any:
        if isinstance(value, Decimal):
            return str(value)
        if isinstance(value, (date, datetime)):
            return value.isoformat()
        return value

    def utc(value: datetime | None) -> datetime | None:
        """People enter UTC here, and SQLite gives instants back without a zone."""
        return value.replace(tzinfo=UTC) if value is not None and value.tzinfo is None else value

    def fill(asset: Asset, form: AssetForm) -> dict[str, Any]:
        changes = {}
        for name in FIELDS:
            new = getattr(form, name).data
            new = new if new not in ("", []) else None
            old = getattr(asset, name)
            if name == "met_at":
                old, new = utc(old), utc(new)
            if old != new:
                changes[name] = [plain(old), plain(new)]
                setattr(asset, name, new)
        asset.currency = "CNY" if asset.amount is not None else None
        asset.total = asset.quantity * asset.cost if asset.quantity is not None and asset.cost is not None else None
        asset.weight = None if asset.total is None else "heavy" if asset.total >= 100000 else "middle" if asset.total >= 10000 else "light"
        return changes

    def named(other: AssetGroup | Person | None) -> dict[str, str] | None:
        return None if other is None else {"id": other.id, "label": other.name}

    def as_json(asset: Asset) -> dict[str, Any]:
        fields = {name: plain(getattr(asset, name)) for name in [*FIELDS, "total", "weight"]}
        fields["group_id"], fields["keeper_id"] = named(asset.group), named(asset.keeper)
        return {"id": asset.id, "version": asset.version, "state": asset.state, "owner": named(asset.owner), "team": asset.team_id,
                "created_at": plain(asset.created_at), "updated_at": plain(asset.updated_at), "fields": fields}

    def from_json(data: dict[str, Any]) -> MultiDict[str, str]:
        form: MultiDict[str, str] = MultiDict()
        unknown = set(data) - set(FIELDS)
        if unknown:
            abort(422, f"unknown: {unknown}")
        for name, value in data.items():
            for item in value if isinstance(value, list) else [value]:
                if name == "met_at" and item:
                    item = str(item)[:16]
                if item is not None and item is not False:
                    form.add(name, "y" if item is True else str(item))
        return form

    def options(session: Session, table: type[AssetGroup] | type[Person]) -> list[SelectChoice]:
        return [*BLANK, *(SelectChoice(*row) for row in session.execute(select(table.id, table.name).order_by(table.name).limit(50)))]

    def choices(session: Session, form: AssetForm) -> None:
        form.group_id.choices = options(session, AssetGroup)
        form.keeper_id.choices = options(session, Person)

    def check_references(session: Session, form: AssetForm, asset: Asset | None = None) -> dict[str, list[str]]:
        problems: dict[str, list[str]] = {}
        if form.group_id.data and session.get(AssetGroup, form.group_id.data) is None:
            problems["group_id"] = ["This does not exist."]
        if form.keeper_id.data and session.get(Person, form.keeper_id.data) is None:
            problems["keeper_id"] = ["This does not exist."]
        if form.code.data and (asset is None or asset.code != form.code.data) and session.execute(select(Asset.id).where(Asset.code == form.code.data)).first():
            problems["code"] = ["This code is taken."]
        return problems

    def make(session: Session, person: Person, form: AssetForm) -> Asset:
        now = datetime.now(UTC)
        asset = Asset(id=str(uuid4()), version=1, owner_id=person.id, team_id=person.team, state="planned", state_since=now,
                      created_at=now, created_by=person.id, updated_at=now, updated_by=person.id)
        changes = fill(asset, form)
        session.add(asset)
        log(session, asset, person, "created", changes, now)
        session.add(Span(id=str(uuid4()), record_id=asset.id, facet="state", value=asset.state, from_at=now))
        session.flush()
        return asset

    @app.get("/assets/new")
    def new() -> str:
        with unit(False) as session:
            person, sign_in = signed_in(session)
            form = AssetForm()
            choices(session, form)
            return render_template("form.html", form=form, csrf=sign_in.csrf, person=person, title="New asset")

    @app.post("/assets/new")
    def post() -> Any:
        with unit(True) as session:
            person, sign_in = signed_in(session)
            if request.form.get("csrf") != sign_in.csrf:
                abort(403)
            form = AssetForm(request.form)
            problems = {} if form.validate() else dict(form.errors)
            problems.update(check_references(session, form))
            if problems:
                choices(session, form)
                return render_template("form.html", form=form, csrf=sign_in.csrf, person=person, title="New asset"), 422
            asset = make(session, person, form)
            session.commit()
            return redirect(f"/assets/{asset.id}", 303)

    @app.post("/api/assets")
    def api_create() -> Any:
        with unit(True) as session:
            person, _ = signed_in(session)
            key = request.headers.get("Idempotency-Key")
            hashed = hashlib.sha256(request.get_data()).hexdigest()
            if key:
                known = session.get(Once, f"{person.id}:{key}")
                if known:
                    return Response(known.body, known.status, mimetype="application/json") if known.request_hash == hashed else abort(422)
            form = AssetForm(from_json(request.get_json()["fields"]))
            problems = {} if form.validate() else dict(form.errors)
            problems.update(check_references(session, form))
            if problems:
                return jsonify(problems), 422
            body = json.dumps(as_json(make(session, person, form)))
            if key:
                session.add(Once(key=f"{person.id}:{key}", request_hash=hashed, status=201, body=body))
            session.commit()
            return Response(body, 201, mimetype="application/json")

    @app.get("/api/assets/<id_>")
    def api_read(id_: str) -> Any:
        with unit(False) as session:
            person, _ = signed_in(session)
            asset = find(session, person, id_)
            return jsonify(as_json(asset)), 200, {"ETag": f'"{asset.version}"'}

    def locked(session: Session, person: Person, id_: str) -> Asset:
        asset = session.execute(visible(person).where(Asset.id == id_).with_for_update(of=Asset)).scalar_one_or_none() or abort(404)
        if request.headers.get("If-Match") is None:
            abort(428)
        if request.headers["If-Match"].strip('"') != str(asset.version):
            abort(412)
        return asset

    @app.patch("/api/assets/<id_>")
    def api_update(id_: str) -> Any:
        with unit(True) as session:
            person, _ = signed_in(session)
            asset = locked(session, person, id_)
            data = {name: plain(getattr(asset, name)) for name in FIELDS} | request.get_json()["fields"]
            form = AssetForm(from_json(data))
            problems = {} if form.validate() else dict(form.errors)
            problems.update(check_references(session, form, asset))
            if problems:
                return jsonify(problems), 422
            now = datetime.now(UTC)
            changes = fill(asset, form)
            asset.version, asset.updated_at, asset.updated_by = asset.version + 1, now, person.id
            log(session, asset, person, "updated", changes, now)
            session.commit()
            return jsonify(as_json(asset)), 200, {"ETag": f'"{asset.version}"'}

    @app.post("/api/assets/<id_>/transitions/<key>")
    def api_transition(id_: str, key: str) -> Any:
        with unit(True) as session:
            person, _ = signed_in(session)
            asset = locked(session, person, id_)
            start, end = TRANSITIONS.get(key) or abort(404)
            if asset.state != start or (key == "start" and not (asset.amount and asset.due)):
                return jsonify({"missing": ["state"]}), 409
            now = datetime.now(UTC)
            open_span = session.execute(select(Span).where(Span.record_id == asset.id, Span.facet == "state", Span.to_at.is_(None))).scalar_one()
            open_span.to_at = now
            session.add(Span(id=str(uuid4()), record_id=asset.id, facet="state", value=end, from_at=now))
            asset.state, asset.state_since, asset.version, asset.updated_at = end, now, asset.version + 1, now
            asset.updated_by = person.id
            log(session, asset, person, "transition", {"state": [start, end]}, now)
            session.commit()
            return jsonify(as_json(asset)), 200, {"ETag": f'"{asset.version}"'}

    @app.get("/api/assets")
    def api_list() -> Any:
        with unit(False) as session:
            person, _ = signed_in(session)
            query = visible(person).where(Asset.kind == request.args["kind"]).order_by(Asset.due, Asset.id).limit(PAGE)
            return jsonify({"items": [as_json(a) for a in session.execute(query).scalars()]})

    with app.app_context():
        g.writes = True
        Base.metadata.create_all(engine)
    return app
