"""The Flask application with everything but the two sides' routes: ``create_flask``, then ``mount``, then ``seal``."""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import structlog
from flask import Flask, Request, request
from flask.sessions import SessionInterface, SessionMixin
from werkzeug.wrappers import Response as BaseResponse

from kernel.platform.clock import Clock
from kernel.platform.database import Databases
from kernel.platform.ids import uuid7
from kernel.platform.settings import Settings
from kernel.platform.tenants import SLUG, Tenants
from kernel.web import assets, csrf, errors_pages, headers, links, login, rendering
from kernel.web.i18n import wanted_language
from kernel.web.request import DEFAULT_BODY_LIMIT, begin, state
from kernel.web.routes import Need, RouteRefused

STATIC = Path(__file__).with_name("static")
_SECRETS = ("password", "secret", "token", "authorization", "cookie", "csrf", "login")


@dataclass(slots=True)
class Web:
    """What views outside of a tenant's unit of work need; in ``app.extensions["fangyuan"]``."""

    settings: Settings
    clock: Clock
    databases: Databases
    tenants: Tenants
    shell: rendering.ShellBuilder | None = None
    needs: dict[str, tuple[Need, ...]] = field(default_factory=dict)


class _NoSession(SessionInterface):
    """Flask's own signed cookie is not used: sessions are rows (D25), and writing to it is an error."""

    def open_session(self, app: Flask, request: Request) -> SessionMixin:
        return self.make_null_session(app)

    def save_session(self, app: Flask, session: SessionMixin, response: Any) -> None:
        """Nothing to save."""


def create_flask(
    settings: Settings, clock: Clock | None = None, *, static_dirs: Sequence[Path] = (), template_dirs: Sequence[Path] = (),
    shell: rendering.ShellBuilder | None = None,
) -> Flask:
    """The application: sign-in, errors, headers, static files. The databases must have been migrated before.

    ``static_dirs`` are further owners' static folders; ``shell(ctx, request, shell) -> Shell`` adds navigation to the frame.
    """
    if not structlog.is_configured():
        configure_logging(settings)
    app = Flask("fangyuan", static_folder=None)
    app.session_interface = _NoSession()
    databases = Databases(settings)
    moment = clock or settings.clock()
    web = Web(settings, moment, databases, Tenants(settings, databases, moment), shell)
    app.extensions["fangyuan"] = web
    app.config.update(
        SECRET_KEY=settings.secret_key, MAX_CONTENT_LENGTH=DEFAULT_BODY_LIMIT, MAX_FORM_MEMORY_SIZE=DEFAULT_BODY_LIMIT,
        MAX_FORM_PARTS=5000, TRAP_HTTP_EXCEPTIONS=False, PROPAGATE_EXCEPTIONS=False, DEBUG=False, TESTING=False)
    rendering.install(app, template_dirs)
    assets.install(app, assets.Assets((STATIC, *static_dirs)))
    web.needs["static_file"] = (Need.PUBLIC,)
    errors_pages.install(app)
    _frame_requests(app, web)
    login.install(app, web)
    links.install(app, web)
    web.needs["health"] = (Need.PUBLIC,)
    app.add_url_rule("/health", "health", lambda: app.response_class("ok\n", mimetype="text/plain"), methods=["GET"])
    return app


def seal(app: Flask) -> Flask:
    """The last step before serving. Raises :class:`RouteRefused` when any address does not say who may call it (D1)."""
    web: Web = app.extensions["fangyuan"]
    bare = sorted(rule.rule for rule in app.url_map.iter_rules() if not web.needs.get(rule.endpoint))
    if bare:
        raise RouteRefused("nobody said who may call: " + ", ".join(bare))
    return app


def _frame_requests(app: Flask, web: Web) -> None:
    @app.before_request
    def start() -> None:
        known = begin(uuid7(web.clock.now()))
        known.language = wanted_language(request)
        parts = request.path.split("/", 4)
        if len(parts) > 3 and parts[1] == "t" and SLUG.match(parts[2]):
            known.slug, known.api = parts[2], parts[3] == "api"

    @app.after_request
    def finish(response: BaseResponse) -> BaseResponse:
        known = state()
        if response.status_code == 308 and response.location:
            # The router's redirect for a missing slash names the host of the request, which anybody may have written (D28).
            response.headers["Location"] = urlsplit(response.location)._replace(scheme="", netloc="").geturl()
        headers.protect(response, web.settings, known.nonce, known.id)
        if known.new_pre_cookie is not None:
            response.set_cookie(
                csrf.PRE_COOKIE, known.new_pre_cookie, secure=web.settings.secure, httponly=True, samesite="Lax", max_age=86_400)
        return response


def configure_logging(settings: Settings, stream: Any = None) -> None:
    """Structured log lines on standard error; values under telling keys are masked at the source (D49)."""
    renderer = structlog.processors.JSONRenderer(ensure_ascii=False) if settings.log_format == "json" else structlog.dev.ConsoleRenderer(
        # Never the values of local variables: they hold what people typed.
        colors=False, exception_formatter=structlog.dev.plain_traceback)
    chain: list[Any] = [
        structlog.contextvars.merge_contextvars, structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True), mask_secrets,
    ]
    if settings.log_format == "json":
        chain.append(structlog.processors.format_exc_info)
    structlog.configure(
        processors=[*chain, renderer], wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(stream or sys.stderr), cache_logger_on_first_use=True)


def mask_secrets(logger: Any, method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Whatever stands under a key that sounds like a secret is not written."""
    for key in line:
        if any(word in key.lower() for word in _SECRETS):
            line[key] = "***"
    return line
