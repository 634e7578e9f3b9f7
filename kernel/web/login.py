"""Sign in, sign out, one's own password, language and appearance. These views own their transactions: hashing takes long.

Before sign-in nothing tells whether a workspace exists: the page looks the same for every well-formed address.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

from flask import Flask, current_app, redirect, request
from werkzeug.wrappers import Response as BaseResponse

from kernel.errors import FangyuanError, Forbidden, Invalid, NotFound, NotSignedIn, Problem, TooMany
from kernel.i18n import LANGUAGES, _
from kernel.platform import accounts, audit, rates, sessions
from kernel.platform.ctx import Ctx
from kernel.platform.database import Home
from kernel.platform.sign_in import WrongPassword, change_password, sign_in
from kernel.platform.tenants import SLUG
from kernel.web import csrf
from kernel.web.i18n import LANGUAGE_COOKIE
from kernel.web.rendering import DENSITY_COOKIE, THEME_COOKIE, Page, render, signed_out_state
from kernel.web.request import client_address, own_path, read_object, state
from kernel.web.routes import Need, open_credential
from kernel.web.session import Credential, clear_cookie, cookie_name, credential_of, set_cookie
from kernel.web.shell import DENSITIES, THEMES

if TYPE_CHECKING:
    from kernel.web.application import Web


def install(app: Flask, web: Web) -> None:
    """Add the views to the application."""
    door = _Door(web)
    rules: tuple[tuple[str, str, Callable[..., BaseResponse], tuple[str, ...]], ...] = (
        ("/", "start", door.start, ("GET",)),
        ("/preferences", "start_preferences", door.preferences, ("POST",)),
        ("/t/<tenant>/login", "login", door.login, ("GET", "POST")),
        ("/t/<tenant>/logout", "logout", door.logout, ("POST",)),
        ("/t/<tenant>/password", "password", door.password, ("GET", "POST")),
        ("/t/<tenant>/preferences", "preferences", door.preferences, ("POST",)),
    )
    for rule, name, view, methods in rules:
        web.needs[name] = (Need.PUBLIC,)
        app.add_url_rule(rule, name, view, methods=list(methods))


class _Door:
    def __init__(self, web: Web) -> None:
        self.web = web

    def start(self) -> BaseResponse:
        """The address without a workspace: asks for one, lists none; a demonstration on this machine shows its link."""
        signed_out_state(self.web)
        wanted = request.args.get("workspace", "").strip().lower()
        if wanted and SLUG.match(wanted):
            return redirect(f"/t/{wanted}/", 303)
        demo = self.web.settings.loopback and self.web.tenants.find("demo") is not None
        return render(Page("start.html", {"demo": "/t/demo/" if demo else None, "wanted": wanted}), None)

    def login(self, tenant: str) -> BaseResponse:
        """Asks for log-in and password; a good pair opens a session and leads on."""
        self._well_formed(tenant)
        signed_out_state(self.web)
        target = own_path(request.values.get("next"), tenant)
        if request.method == "GET":
            return self._login_page(tenant, target)
        self._check_pre_csrf()
        settings = self.web.settings
        try:
            found = sign_in(
                self.web.tenants, tenant, request.form.get("login", ""), request.form.get("password", ""),
                address=client_address(request, settings.trusted_proxies), user_agent=request.headers.get("User-Agent", ""),
                previous=request.cookies.get(cookie_name(settings, tenant)))
        except (WrongPassword, TooMany) as error:
            return self._login_page(tenant, target, error)
        response = redirect(f"/t/{tenant}/password" if found.must_change else target, 303)
        set_cookie(response, settings, tenant, found.secret)
        return response

    def logout(self, tenant: str) -> BaseResponse:
        """Ends the session; also when it had already ended."""
        self._well_formed(tenant)
        home, credential, ctx = self._session(tenant)
        response = redirect(f"/t/{tenant}/login", 303)
        if home is not None and credential is not None and ctx is not None:
            csrf.check(request, self.web.settings, credential.value)
            with home.write() as conn:
                sessions.end(conn, credential.hash)
                audit.write(
                    conn, self.web.clock.now(), "session.ended", ctx.actor.viewer or ctx.actor.person, {"n": 1}, actor=ctx.actor.viewer or ctx.actor.person, channel="screen",
                    address=client_address(request, self.web.settings.trusted_proxies))
        clear_cookie(response, self.web.settings, tenant)
        return response

    def password(self, tenant: str) -> BaseResponse:
        """A person's own password; with a first password the only page they get."""
        self._well_formed(tenant)
        home, credential, ctx = self._session(tenant)
        if home is None or credential is None or ctx is None:
            raise NotSignedIn()
        if ctx.actor.viewer is not None:
            raise Forbidden(_("You are looking through the eyes of {name}: nothing can be changed.", name=ctx.actor.name), rule="viewing")
        if request.method == "GET":
            return self._password_page(ctx)
        csrf.check(request, self.web.settings, credential.value)
        settings = self.web.settings
        try:
            if request.form.get("new", "") != request.form.get("again", ""):
                raise Invalid([Problem("password_repeat", _("The two new passwords differ."), "again")])
            fresh = change_password(
                home, ctx.actor.person, request.form.get("old", ""), request.form.get("new", ""), self.web.clock.now(),
                settings.session_days, request.headers.get("User-Agent", ""), client_address(request, settings.trusted_proxies))
        except (WrongPassword, Invalid, TooMany) as error:
            return self._password_page(ctx, error)
        response = redirect(f"/t/{tenant}/", 303)
        set_cookie(response, settings, tenant, fresh)
        return response

    def preferences(self, tenant: str | None = None) -> BaseResponse:
        """Language, appearance and density: with the account for people who are signed in, else in a cookie."""
        if tenant is not None:
            self._well_formed(tenant)
        home, credential, ctx = self._session(tenant) if tenant is not None else (None, None, None)
        if ctx is not None and home is not None and credential is not None:
            csrf.check(request, self.web.settings, credential.value)
        else:
            signed_out_state(self.web)
            self._check_pre_csrf()
        response = self._back(tenant)
        sent = read_object(request) if request.is_json else request.form
        language, theme, density = (str(sent.get(name) or "") for name in ("language", "theme", "density"))
        if ctx is not None and home is not None and ctx.actor.viewer is None and (language or theme):
            with home.write() as conn:
                accounts.set_preferences(conn, ctx.actor.person, language=language or None, theme=theme or None)
        for name, value, offered in (
            (LANGUAGE_COOKIE, language, LANGUAGES), (THEME_COOKIE, theme, THEMES), (DENSITY_COOKIE, density, DENSITIES),
        ):
            if value in offered:
                response.set_cookie(
                    name, str(value), max_age=timedelta(days=365), secure=self.web.settings.secure, httponly=True, samesite="Lax")
        return response

    def _back(self, tenant: str | None) -> BaseResponse:
        """To where the person was, as far as that is ours."""
        if request.headers.get("HX-Request") == "true" or request.headers.get("X-Requested-With") == "fetch":
            return current_app.response_class("", status=204)
        referrer = request.referrer or ""
        path = referrer.removeprefix(self.web.settings.base_url)
        if referrer and path == referrer:
            # The same page under another name of this machine; only the path is kept, and checked.
            path = "/" + referrer.split("://", 1)[-1].partition("/")[2]
        return redirect(own_path(request.form.get("next") or path, tenant) if tenant is not None else "/", 303)

    def _login_page(self, slug: str, target: str, error: FangyuanError | None = None) -> BaseResponse:
        status = 200 if error is None else 422 if isinstance(error, WrongPassword) else error.status
        context = {
            "slug": slug, "target": target, "error": error, "login": request.form.get("login", ""),
            "minutes": rates.minutes(error.retry_after) if isinstance(error, TooMany) else None}
        response = render(Page("login.html", context, status=status), None)
        if isinstance(error, TooMany):
            response.headers["Retry-After"] = str(error.retry_after)
        return response

    def _password_page(self, ctx: Ctx, error: FangyuanError | None = None) -> BaseResponse:
        problems = {p.path: p for p in getattr(error, "problems", ())}
        context = {"due": ctx.actor.must_change, "error": error, "problems": problems, "base": f"/t/{ctx.tenant.slug}"}
        return render(Page("password.html", context, status=200 if error is None else 422), None)

    def _check_pre_csrf(self) -> None:
        csrf.check(request, self.web.settings, "pre\0" + request.cookies.get(csrf.PRE_COOKIE, ""))

    def _well_formed(self, slug: str) -> None:
        state().slug = slug
        if not SLUG.match(slug):
            state().slug = ""
            raise NotFound()

    def _session(self, slug: str) -> tuple[Home | None, Credential | None, Ctx | None]:
        """Home, credential and Ctx of the request's session; the Ctx outlives its transaction, so only its facts may be used."""
        web = self.web
        found, credential = web.tenants.find(slug), credential_of(request, web.settings, slug, tokens=False)
        if found is None or credential is None:
            return None, credential, None
        with found[1].read() as conn:
            opened = open_credential(conn, credential, found[0], web)
            if opened is None:
                return found[1], credential, None
            known = state()
            ctx = Ctx(opened.tenant, opened.actor, conn, opened.release, web.clock, "screen", known.id)
        known.language, known.csrf = ctx.language, csrf.token_for(web.settings, credential.value)
        return found[1], credential, ctx
