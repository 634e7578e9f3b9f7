"""Setting a password by a link, and asking for such a link. Like sign-in these views own their transactions and tell nothing
of what exists: a workspace, a log-in or a link that is not there looks like one that is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from flask import Flask, redirect, request
from sqlalchemy import Connection
from werkzeug.wrappers import Response as BaseResponse

from kernel.errors import FangyuanError, Invalid, NotFound, Problem, TooMany
from kernel.i18n import _
from kernel.mail import letters, send_later
from kernel.platform import accounts, audit, links, passwords, people, rates, releases, sessions
from kernel.platform import tables as t
from kernel.platform.ctx import Ctx, system_ctx
from kernel.platform.database import Home
from kernel.platform.sign_in import lock_key
from kernel.platform.tenants import SLUG, Placement, read_tenant
from kernel.web import csrf
from kernel.web.rendering import Page, render, signed_out_state
from kernel.web.request import client_address, state
from kernel.web.routes import Need
from kernel.web.session import set_cookie

if TYPE_CHECKING:
    from kernel.web.application import Web

MAX_NAME = 100


def install(app: Flask, web: Web) -> None:
    """Add the views to the application."""
    views = _Links(web)
    rules: tuple[tuple[str, str, Callable[..., BaseResponse]], ...] = (
        ("/t/<tenant>/forgot", "forgot", views.forgot),
        ("/t/<tenant>/link/<secret>", "password_link", views.link),
    )
    for rule, name, view in rules:
        web.needs[name] = (Need.PUBLIC,)
        app.add_url_rule(rule, name, view, methods=["GET", "POST"])


class _Links:
    def __init__(self, web: Web) -> None:
        self.web = web

    # --- asking -------------------------------------------------------------------------------------------------------

    def forgot(self, tenant: str) -> BaseResponse:
        """Asks for the log-in; the answer is the same whoever it is."""
        self._begin(tenant)
        if request.method == "GET" or not self.web.settings.mails:
            return self._forgot_page(tenant)
        self._check_pre_csrf()
        login = accounts.normal_login(request.form.get("login", ""))[: accounts.MAX_LOGIN]
        if not login or "\x00" in login:
            return self._forgot_page(tenant, error=Invalid([Problem("required", _("Enter your log-in."), "login")]))
        try:
            self._count(f"reset:{self._address}", rates.RESET_ADDRESS)
            # Counted as typed, in one place for all workspaces: a limit that only real accounts have would tell which are real.
            self._count("reset-" + lock_key(tenant, login), rates.RESET_ACCOUNT)
        except TooMany as error:
            return self._forgot_page(tenant, error=error)
        found = self.web.tenants.find(tenant)
        if found is not None:
            with found[1].write() as conn:
                ctx = self._system(found[0], conn)
                # Who that is, is looked up by the worker: the answer takes as long for a log-in that nobody has.
                send_later(ctx, letters.RESET, {"login": login}, until=ctx.now + links.LASTS[links.RESET])
        return self._forgot_page(tenant, sent=True)

    def _forgot_page(self, slug: str, *, sent: bool = False, error: FangyuanError | None = None) -> BaseResponse:
        context = {
            "slug": slug, "sent": sent, "mails": self.web.settings.mails, "error": error, "minutes": _minutes(error),
            "problems": {p.path: p for p in getattr(error, "problems", ())}, "login": request.form.get("login", "")}
        return _answer(Page("forgot.html", context, status=200 if error is None else error.status), error)

    # --- using --------------------------------------------------------------------------------------------------------

    def link(self, tenant: str, secret: str) -> BaseResponse:
        """Asks for the new password (of an invited person also for the name); nothing happens before it is sent."""
        self._begin(tenant)
        found = self.web.tenants.find(tenant)
        if found is None or not 20 <= len(secret) <= 100:
            return self._over(tenant)
        placement, home = found
        now = self.web.clock.now()
        with home.read() as conn:
            link = links.find(conn, secret, now)
            known = None if link is None else people.contact(conn, releases.current(conn), link.person_id)
            workspace = read_tenant(conn, placement).name if link is not None else ""
        if link is None or known is None or not known.usable:
            return self._over(tenant)
        asks_name = link.kind == links.INVITE and links.naming() is not None
        context = {"slug": tenant, "secret": secret, "link": link, "asks_name": asks_name, "name": known.name, "workspace": workspace, "error": None, "problems": {}}
        if request.method == "GET":
            return _answer(Page("link.html", context))
        self._check_pre_csrf()
        name = " ".join(request.form.get("name", known.name).split()) if asks_name else known.name
        try:
            self._check(link, name)
            fresh = self._use(placement, home, secret, passwords.hash_password(request.form["new"]), name if name != known.name else None)
        except Invalid as error:
            context |= {"name": name, "error": error, "problems": {p.path.removeprefix("fields."): p for p in error.problems}}
            return _answer(Page("link.html", context, status=422))
        if fresh is None:
            return self._over(tenant)
        response = redirect(f"/t/{tenant}/", 303)
        set_cookie(response, self.web.settings, tenant, fresh)
        return response

    def _check(self, link: links.Link, name: str) -> None:
        new, problems = request.form.get("new", ""), []
        if not name or len(name) > MAX_NAME or "\x00" in name:
            problems.append(Problem("name", _("Enter your name, at most {n} characters.", n=MAX_NAME), "name"))
        try:
            passwords.check_new(new, link.login, "new")
        except Invalid as error:
            problems.extend(error.problems)
        if not problems and new != request.form.get("again", ""):
            problems.append(Problem("password_repeat", _("The two new passwords differ."), "again"))
        if problems:
            raise Invalid(problems)

    def _use(self, placement: Placement, home: Home, secret: str, hashed: str, name: str | None) -> str | None:
        """The secret of a session of the person; None when somebody else was first."""
        settings = self.web.settings
        with home.write() as conn:
            ctx = self._system(placement, conn)
            link = links.use(conn, secret, hashed, ctx.now)
            if link is None:
                return None
            ctx = ctx.acting(actor=replace(ctx.actor, person=link.person_id), channel="screen")
            how = links.naming()
            if name is not None and how is not None:
                how(ctx, link.person_id, name)
            if link.kind == links.INVITE:
                accounts.set_preferences(conn, link.person_id, language=state().language)
            rates.clear(conn, lock_key(placement.slug, link.login))
            audit.note(ctx, "person.joined" if link.kind == links.INVITE else "password.reset", link.person_id)
            return sessions.create(conn, link.person_id, ctx.now, settings.session_days, request.headers.get("User-Agent", ""), self._address)

    def _over(self, slug: str) -> BaseResponse:
        """A link that opens nothing (any more). Who tries many is slowed down; one that is good works all the same."""
        error: FangyuanError | None = None
        try:
            self._count(f"link:{self._address}", rates.LINK_ADDRESS)
        except TooMany as refused:
            error = refused
        context = {"slug": slug, "error": error, "minutes": _minutes(error), "mails": self.web.settings.mails}
        return _answer(Page("link_over.html", context, status=404 if error is None else 429), error)

    # --- both ---------------------------------------------------------------------------------------------------------

    def _begin(self, slug: str) -> None:
        if not SLUG.match(slug):
            state().slug = ""
            raise NotFound()
        state().slug = slug
        signed_out_state(self.web)

    def _check_pre_csrf(self) -> None:
        csrf.check(request, self.web.settings, "pre\0" + request.cookies.get(csrf.PRE_COOKIE, ""))

    @property
    def _address(self) -> str:
        return client_address(request, self.web.settings.trusted_proxies)

    def _count(self, key: str, limit: rates.Limit) -> None:
        with self.web.tenants.control.write() as conn:
            rates.take(conn, key, limit, self.web.clock.now(), t.control_rate)

    def _system(self, placement: Placement, conn: Connection) -> Ctx:
        made = system_ctx(read_tenant(conn, placement), conn, self.web.clock, "screen")
        return replace(made, address=self._address)


def _minutes(error: FangyuanError | None) -> int | None:
    return rates.minutes(error.retry_after) if isinstance(error, TooMany) else None


def _answer(page: Page, error: FangyuanError | None = None) -> BaseResponse:
    response = render(page, None)
    # The address of these pages is a secret, or the page speaks of one: kept nowhere. (Browsers tell it to our own pages only;
    # a policy of no referrer at all would make them send the form without its origin, which is refused.)
    response.headers["Cache-Control"] = "no-store"
    if isinstance(error, TooMany):
        response.headers["Retry-After"] = str(error.retry_after)
    return response
