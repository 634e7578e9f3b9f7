"""Errors at the edge: RFC 9457 problem documents for programs, friendly pages for people. Nothing inside is shown (D48)."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import structlog
from flask import Flask, current_app, redirect, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed, RequestEntityTooLarge
from werkzeug.wrappers import Response as BaseResponse

from kernel.errors import (
    BadRequest,
    Busy,
    FangyuanError,
    Invalid,
    Message,
    Missing,
    NotFound,
    NotSignedIn,
    Problem,
    Refused,
    Stale,
    TooLarge,
    TooMany,
)
from kernel.i18n import _, to_text
from kernel.platform.jsonvalues import dumps
from kernel.platform.sign_in import PasswordChangeDue
from kernel.web import csrf
from kernel.web.rendering import Page, render, signed_out_state
from kernel.web.request import is_htmx, state

log = structlog.get_logger("fangyuan.web")


def problem_document(error: FangyuanError, language: str, instance: str) -> dict[str, Any]:
    """The error as an RFC 9457 document; DESIGN section 10 fixes ``problems`` and ``missing``."""
    document: dict[str, Any] = {
        "type": f"urn:fangyuan:problem:{error.code}", "title": to_text(error.message, language), "status": error.status,
        "code": error.code, "instance": f"urn:uuid:{instance}",
    }
    if error.hint is not None:
        document["detail"] = to_text(error.hint, language)
    problems = getattr(error, "problems", ())
    if problems or isinstance(error, Invalid):
        document["problems"] = [problem_json(p, language) for p in problems]
    if isinstance(error, Refused):
        document["missing"] = [missing_json(m, language) for m in error.missing]
    rule = getattr(error, "rule", None)
    if rule:
        document["rule"] = rule
    if isinstance(error, Stale):
        document["current"] = error.current
        if error.changed is not None:
            document |= {"changed": list(error.changed), "conflicts": list(error.conflicts or ())}
    return document


def problem_json(problem: Problem, language: str) -> dict[str, Any]:
    """One problem as programs read it."""
    found: dict[str, Any] = {"code": problem.code, "path": problem.path, "message": to_text(problem.message, language)}
    if problem.hint is not None:
        found["hint"] = to_text(problem.hint, language)
    if problem.rule is not None:
        found["rule"] = problem.rule
    return found


def missing_json(missing: Missing, language: str) -> dict[str, Any]:
    """One missing fact as programs read it."""
    found: dict[str, Any] = {"what": to_text(missing.what, language), "from": to_text(missing.source, language), "ask": missing.ask}
    if missing.rule is not None:
        found["rule"] = missing.rule
    return found


def install(app: Flask) -> None:
    """Every error, ours or not, ends here."""
    app.register_error_handler(FangyuanError, answer)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _last_resort)


def answer(error: FangyuanError) -> BaseResponse:
    """The answer to one of our errors, in the form and language of whoever asked."""
    known = state()
    if error.status >= 500 and not isinstance(error, (Busy, _Unexpected)):
        log.error("request failed", reference=known.id, path=request.path, error=type(error).__name__, exc_info=error)
    response = _problem(error) if known.api or _asks_for_json() else _for_people(error)
    if isinstance(error, TooMany):
        response.headers["Retry-After"] = str(error.retry_after)
    if isinstance(error, Busy):
        response.headers["Retry-After"] = "1"
    if isinstance(error, NotSignedIn) and known.api:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def _problem(error: FangyuanError) -> BaseResponse:
    known = state()
    body = dumps(problem_document(error, known.language, known.id))
    return current_app.response_class(body, status=error.status, mimetype="application/problem+json")


def _for_people(error: FangyuanError) -> BaseResponse:
    known = state()
    if isinstance(error, NotSignedIn) and known.slug:
        # A form that was sent can't be sent again by a redirect: then sign-in leads to the start.
        target = request.full_path.rstrip("?") if request.method in csrf.SAFE_METHODS and not is_htmx(request) else ""
        place = f"/t/{known.slug}/login" + (f"?next={quote(target)}" if target else "")
        if is_htmx(request):
            return current_app.response_class("", status=401, headers={"HX-Redirect": place})
        return redirect(place, 303)
    if isinstance(error, PasswordChangeDue) and request.method in csrf.SAFE_METHODS:
        place = f"/t/{known.slug}/password"
        return current_app.response_class("", status=403, headers={"HX-Redirect": place}) if is_htmx(request) else redirect(place, 303)
    if known.ctx is None and not known.csrf:
        signed_out_state(current_app.extensions["fangyuan"])
    context = {
        "status": error.status, "code": error.code, "message": error.message, "hint": error.hint,
        "problems": getattr(error, "problems", ()), "missing": getattr(error, "missing", ()), "reference": known.id,
    }
    if is_htmx(request):
        # Whatever part of an answer the sender would have picked out, this one is shown whole.
        headers = {"HX-Retarget": "#toasts", "HX-Reswap": "beforeend", "HX-Reselect": ".toast"}
        return render(Page("notice.html", context, status=error.status, headers=headers), known.ctx)
    return render(Page("error.html", context, status=error.status), known.ctx)


def _asks_for_json() -> bool:
    best = request.accept_mimetypes.best_match(["text/html", "application/json", "application/problem+json"], default="text/html")
    return best != "text/html"


def _http(error: HTTPException) -> BaseResponse:
    """What Flask and Werkzeug refuse, in our words. Redirects (a missing slash) pass through."""
    response = error.get_response()
    status = error.code or 500
    if status < 400:
        return response
    if isinstance(error, RequestEntityTooLarge):
        ours: FangyuanError = TooLarge()
    elif status in (404, 405):
        ours = NotFound()
        ours.status = status
        if status == 405:
            ours.code, ours.message = "method_not_allowed", _("This address does not take that kind of request.")
    elif status < 500:
        ours = BadRequest()
        ours.status = status
    else:
        return _last_resort(error)
    response = answer(ours)
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        response.headers["Allow"] = ", ".join(sorted(error.valid_methods))
    return response


def _last_resort(error: Exception) -> BaseResponse:
    """A fault of ours: a reference number for the person, everything else for the log."""
    known = state()
    log.error("unexpected error", reference=known.id, path=request.path, method=request.method, exc_info=error)
    ours = _Unexpected(hint=_("Try again. If it stays, tell your administrator this number: {reference}", reference=known.id))
    try:
        return answer(ours)
    except Exception as second:
        log.error("error page failed", reference=known.id, exc_info=second)
        return current_app.response_class(f"{ours.message} {known.id}\n", status=500, mimetype="text/plain")


class _Unexpected(FangyuanError):
    """Something went wrong on our side."""

    code = "unexpected"
    message: Message = _("Something went wrong on our side. Nothing was changed.")
