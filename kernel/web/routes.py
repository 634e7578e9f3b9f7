"""From a URL to a view and back: tenant, session, release, unit of work, permission, CSRF, commit, answer.

Each side lists its routes in ``web/urls.py``; ``mount`` hangs them below ``/t/<tenant>``. A view is
``view(ctx, request, **args) -> Response | Page``. What it raises, and an answer of 400 or more, undoes its unit of work.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask import Flask, Request, current_app, request
from sqlalchemy import Connection
from werkzeug.wrappers import Response as BaseResponse

from kernel.errors import BadRequest, Busy, Forbidden, NotFound, NotSignedIn
from kernel.i18n import _
from kernel.platform import rates, sessions, tokens
from kernel.platform import tables as t
from kernel.platform.ctx import Ctx
from kernel.platform.database import Home, commit
from kernel.platform.jsonvalues import dumps
from kernel.platform.sign_in import PasswordChangeDue
from kernel.platform.tenants import Placement
from kernel.web import csrf
from kernel.web.rendering import Page, render
from kernel.web.request import DEFAULT_BODY_LIMIT, client_address, state
from kernel.web.session import Credential, credential_of

if TYPE_CHECKING:
    from kernel.web.application import Web

View = Callable[..., Any]


class Need(enum.Enum):
    """Who may call a route. What they may do to a record is decided below, per record and field."""

    PUBLIC = "public"
    SIGNED_IN = "signed_in"
    DESIGN = "design"
    ADMIN = "administer"


@dataclass(frozen=True, slots=True)
class Route:
    """One line of a table of contents.

    ``methods`` other than GET write: they get the write lock and need a CSRF token; ``reads`` marks a POST that only asks
    (its parameters are too long for a URL). ``body_limit`` in bytes raises or lowers the usual 2 MB. ``channel`` is what the
    change log says; ``api`` routes take tokens and answer errors as problem documents. ``viewing``: may be called while looking
    through somebody's eyes although it is no GET.
    """

    rule: str
    view: View
    methods: tuple[str, ...] = ("GET",)
    needs: Need | tuple[Need, ...] | None = None
    name: str = ""
    reads: bool = False
    body_limit: int = DEFAULT_BODY_LIMIT
    channel: str = ""
    viewing: bool = False

    @property
    def endpoint(self) -> str:
        """Name for ``url_for``; from the view's module and name unless given."""
        if self.name:
            return self.name
        return f"{self.view.__module__}.{getattr(self.view, '__qualname__', type(self.view).__name__)}"

    @property
    def all_needs(self) -> tuple[Need, ...]:
        return self.needs if isinstance(self.needs, tuple) else (self.needs,) if self.needs is not None else ()

    @property
    def api(self) -> bool:
        return self.channel == "api" or self.rule == "/api" or self.rule.startswith("/api/")


class RouteRefused(Exception):
    """A route is declared in a way that must not go live; the product does not start."""


def mount(app: Flask, routes: Iterable[Route], prefix: str = "/t/<tenant>") -> None:
    """Hang routes below every tenant. Raises :class:`RouteRefused` for one without needs or with a name in use."""
    web: Web = app.extensions["fangyuan"]
    for route in routes:
        if not route.all_needs:
            raise RouteRefused(f"{route.rule}: a route must say who may call it (needs=...)")
        if not re.match(r"/", route.rule) or any(m != m.upper() for m in route.methods):
            raise RouteRefused(f"{route.rule}: a rule starts with a slash, methods are in capitals")
        # The same name may serve several rules or methods; Flask wants one endpoint for each function.
        endpoint, number = route.endpoint, 1
        while endpoint in app.view_functions:
            if route.name:
                raise RouteRefused(f"{route.rule}: the name {route.name!r} is already taken")
            number += 1
            endpoint = f"{route.endpoint}.{number}"
        web.needs[endpoint] = route.all_needs
        app.add_url_rule(prefix + route.rule, endpoint, _handler(web, route), methods=list(route.methods), strict_slashes=True)


def json_response(data: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> BaseResponse:
    """JSON as the API speaks it: compact, UTF-8, no NaN."""
    return current_app.response_class(dumps(data), status=status, headers=dict(headers or {}), mimetype="application/json")


def _handler(web: Web, route: Route) -> Callable[..., BaseResponse]:
    public = route.all_needs == (Need.PUBLIC,)

    def handle(tenant: str, **args: Any) -> BaseResponse:
        known = state()
        known.api = known.api or route.api
        known.slug = tenant
        request.max_content_length = route.body_limit
        request.max_form_memory_size = route.body_limit
        found = web.tenants.find(tenant)
        credential = credential_of(request, web.settings, tenant, tokens=route.api)
        if credential is None and not public:
            raise NotSignedIn()
        if found is None:
            # Whatever a foreign credential meets in a tenant that exists, it meets here too (D1).
            _count_token(web, credential)
            raise NotFound() if public else NotSignedIn()
        _refuse_unstorable(args, forms=not route.api)
        writes = request.method not in csrf.SAFE_METHODS and not route.reads
        return _in_unit_of_work(web, route, found[0], found[1], credential, writes, args)

    return handle


def _refuse_unstorable(args: Mapping[str, Any], forms: bool) -> None:
    """No text may hold NUL: PostgreSQL can't store or compare it. What JSON holds is looked at when it is read."""
    if any("\x00" in str(value) for value in args.values()):
        raise NotFound()
    sent = (request.args, request.form) if forms else (request.args,)
    if any("\x00" in part for values in sent for name, found in values.lists() for part in (name, *found)):
        raise BadRequest(_("The request holds a character that can't be stored (NUL)."))


def _in_unit_of_work(
    web: Web, route: Route, placement: Placement, home: Home, credential: Credential | None, writes: bool, args: dict[str, Any]
) -> BaseResponse:
    known = state()
    with home.open("write" if writes else "read") as conn:
        opened = open_credential(conn, credential, placement, web)
        if opened is None:
            _count_token(web, credential)
            raise NotSignedIn()
        known.ctx = ctx = Ctx(
            opened.tenant, opened.actor, conn, opened.release, web.clock, "api" if route.api else route.channel or "screen", known.id,
            client_address(request, web.settings.trusted_proxies))
        known.language = ctx.language
        if credential is not None and credential.kind == "session":
            known.csrf = csrf.token_for(web.settings, credential.value)
            if request.method not in csrf.SAFE_METHODS:
                csrf.check(request, web.settings, credential.value)
        allow(ctx, route, writes)
        response = _as_response(route.view(ctx, request, **args), ctx, conn, writes)
    if opened.touch_due and credential is not None:
        # Every few minutes, in a transaction of its own: reading stays reading, and a refused write is noted too.
        with suppress(Busy), home.write() as conn:
            touch(conn, credential, web)
    return response


def _count_token(web: Web, credential: Credential | None) -> None:
    """Who tries API tokens that don't exist is slowed down, by address (D29); a good one works all the same. Raises TooMany."""
    if credential is not None and credential.kind == "token":
        with suppress(Busy), web.tenants.control.write() as conn:
            address = client_address(request, web.settings.trusted_proxies)
            rates.take(conn, f"token:{address}", rates.TOKEN_ADDRESS, web.clock.now(), t.control_rate)


def open_credential(conn: Connection, credential: Credential | None, placement: Placement, web: Web) -> sessions.Opened | None:
    """Who holds the credential, in this very tenant and at this moment."""
    if credential is None:
        return sessions.nobody(conn, placement.tenant)
    now = web.clock.now()
    if credential.kind == "token":
        return tokens.open_token(conn, credential.hash, placement.tenant, now)
    return sessions.open_session(conn, credential.hash, placement.tenant, now)


@contextmanager
def opened_again(web: Web, slug: str, credential: Credential, request_id: str) -> Iterator[Ctx | None]:
    """The same credential in a reading unit of work of its own, for an answer that goes on after its view has returned; None
    once it opens nothing any more: signed out, disabled, or the tenant is gone."""
    found = web.tenants.find(slug)
    if found is None:
        yield None
        return
    placement, home = found
    with home.read() as conn:
        opened = open_credential(conn, credential, placement, web)
        if opened is None or opened.actor.must_change or opened.actor.kind == "nobody":
            yield None
        else:
            yield Ctx(opened.tenant, opened.actor, conn, opened.release, web.clock, "screen", request_id)


def touch(conn: Connection, credential: Credential, web: Web) -> None:
    """Note that the credential was used."""
    if credential.kind == "token":
        tokens.touch(conn, credential.hash, web.clock.now())
    else:
        sessions.touch(conn, credential.hash, web.clock.now(), web.settings.session_days)


def allow(ctx: Ctx, route: Route, writes: bool) -> None:
    """Raises unless the actor meets every need of the route."""
    actor = ctx.actor
    if actor.must_change:
        raise PasswordChangeDue()
    if actor.kind == "nobody" and route.all_needs != (Need.PUBLIC,):
        raise NotSignedIn()
    if actor.scopes is not None and not actor.scopes & ({"all", "write"} if writes else {"all", "write", "read"}):
        raise Forbidden(_("This token may not do this."), hint=_("Make a token with a wider scope."))
    if actor.viewer is not None and not route.viewing and request.method not in csrf.SAFE_METHODS:
        raise Forbidden(
            _("You are looking through the eyes of {name}: nothing can be changed.", name=actor.name), hint=_("End it at the top of the page, then do it yourself."),
            rule="viewing")
    for need in route.all_needs:
        if need in (Need.DESIGN, Need.ADMIN) and need.value not in actor.rights:
            raise Forbidden()


def _as_response(result: Any, ctx: Ctx, conn: Connection, writes: bool) -> BaseResponse:
    """Commit what succeeded, undo what did not, then make the answer: nobody waits for a lock while a page is rendered.

    Texts that a template still reads through ``ctx.conn`` come from a read transaction that begins when they are asked for.
    """
    if not isinstance(result, (Page, BaseResponse)):
        raise TypeError(f"a view returns a Response or a Page, not {type(result).__name__}")
    status = result.status if isinstance(result, Page) else result.status_code
    if writes:
        if status < 400:
            commit(conn)
        else:
            conn.rollback()
            commit(conn)
    return render(result, ctx) if isinstance(result, Page) else result


__all__ = ["Need", "Page", "Request", "Route", "RouteRefused", "json_response", "mount"]
