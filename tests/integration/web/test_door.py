"""The door: who gets in, what a tenant tells those who don't belong, what a write needs."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import update

from kernel.errors import Busy, Invalid, Missing, Problem, Refused
from kernel.i18n import _
from kernel.platform import accounts, rates, tokens
from kernel.platform import tables as t
from kernel.web.application import seal
from kernel.web.rendering import Page
from kernel.web.request import own_path, read_object
from kernel.web.routes import Need, Route, RouteRefused, json_response, mount
from tests.factories.platform import PASSWORD, csrf_of, make_account, make_app, make_tenant, make_token, signed_in


def who(ctx, request):
    return json_response({"person": ctx.actor.person, "kind": ctx.actor.kind, "tenant": ctx.tenant.slug, "channel": ctx.channel})


def write(ctx, request):
    body = read_object(request) if request.is_json else dict(request.form)
    ctx.conn.execute(update(t.tenant_state).values(settings={**ctx.tenant.settings, "name": body.get("name")}))
    if body.get("name") == "page":
        return Page("error.html", {"status": 422, "code": "x", "message": "no", "hint": None, "problems": (), "missing": ()}, status=422)
    if body.get("name") == "boom":
        raise RuntimeError("secret inside detail")
    if body.get("name") == "invalid":
        raise Invalid([Problem("required", _("Password"), "fields.name", hint=_("Sign in"), rule="pkg:task.name#required")])
    if body.get("name") == "refused":
        raise Refused([Missing(_("Password"), _("Workspace"), {"kind": "field", "field": "name"}, rule="pkg:x")])
    if body.get("name") == "busy":
        raise Busy()
    return json_response({"ok": True})


def sneaky(ctx, request):
    ctx.conn.execute(update(t.tenant_state).values(rights_epoch=99))
    return json_response({})


ROUTES = (
    Route("/", who, needs=Need.SIGNED_IN),
    Route("/write", write, ("POST",), needs=Need.SIGNED_IN),
    Route("/ask", sneaky, ("POST",), needs=Need.SIGNED_IN, reads=True),
    Route("/sneaky", sneaky, needs=Need.SIGNED_IN),
    Route("/design/", who, needs=Need.DESIGN),
    Route("/open", who, needs=Need.PUBLIC),
    Route("/api/v1/who", who, needs=Need.SIGNED_IN),
    Route("/api/v1/write", write, ("POST",), needs=Need.SIGNED_IN),
    Route("/api/v1/small", write, ("POST",), needs=Need.SIGNED_IN, body_limit=100),
)


@pytest.fixture
def app(settings, clock):
    app = make_app(settings, clock)
    mount(app, ROUTES)
    yield seal(app)
    app.extensions["fangyuan"].databases.dispose()


@pytest.fixture
def home(app):
    return make_tenant(app)


@pytest.fixture
def ann(home):
    return make_account(home, "ann", roles=["admin"])


@pytest.fixture
def client(app, home, ann):
    return signed_in(app, home, "acme", ann)


def form_token(client, path: str) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', client.get(path).text)
    assert found
    return found[1]


def sign_in(client, login="ann", password=PASSWORD, slug="acme", **more):
    token = form_token(client, f"/t/{slug}/login")
    return client.post(f"/t/{slug}/login", data={"login": login, "password": password, "csrf_token": token, **more})


def name_of(home) -> str:
    from kernel.platform.tenants import state

    with home.read() as conn:
        return state(conn)["name"]


# --- sign-in ------------------------------------------------------------------------------------------------------


def test_sign_in_and_out(app, ann):
    client = app.test_client()
    answer = sign_in(client, next="/t/acme/e/task?where=a")
    assert (answer.status_code, answer.location) == (303, "/t/acme/e/task?where=a")
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie and cookie.startswith("fy-acme=")
    assert client.get("/t/acme/").json["person"] == ann
    assert client.post("/t/acme/logout", data={"csrf_token": csrf_of(client, app, "acme")}).status_code == 303
    assert client.get("/t/acme/").location.startswith("/t/acme/login")


def test_log_in_ignores_case_and_width(app, ann):
    assert sign_in(app.test_client(), login=" ANN ").status_code == 303


def test_sign_in_rotates_the_session(app, home, ann):
    client = app.test_client()
    sign_in(client)
    first = client.get_cookie("fy-acme").value
    sign_in(client)
    assert client.get_cookie("fy-acme").value != first
    client.set_cookie("fy-acme", first)
    assert client.get("/t/acme/").status_code == 303


def test_wrong_password_missing_account_and_missing_tenant_look_the_same(app, ann):
    answers = []
    for login, slug in (("ann", "acme"), ("nobody", "acme"), ("ann", "nowhere")):
        answer = sign_in(app.test_client(), login=login, password="wrong wrong wrong", slug=slug)
        assert answer.status_code == 422
        answers.append(neutral(answer.text).replace(slug, "SLUG").replace(f'value="{login}"', ''))
    assert answers[0] == answers[1] == answers[2]


def neutral(html: str) -> str:
    """A page without what differs at each request."""
    return re.sub(r'(nonce|csrf|value|CSRFToken|Nonce)(=|&#34;: &#34;|": ")("?)[\w-]{20,}', "", html)


def test_sign_in_is_limited_per_account_whether_it_exists_or_not(app, ann, clock):
    for login, slug in (("ann", "acme"), ("nobody", "acme"), ("ann", "nowhere")):
        client = app.test_client()
        token = form_token(client, f"/t/{slug}/login")
        statuses = [
            client.post(f"/t/{slug}/login", data={"login": login, "password": "x" * 300, "csrf_token": token}).status_code
            for _try in range(rates.SIGN_IN_ACCOUNT.count + 1)
        ]
        assert statuses == [422] * rates.SIGN_IN_ACCOUNT.count + [429], (login, slug)
    answer = sign_in(app.test_client())
    assert answer.status_code == 429 and int(answer.headers["Retry-After"]) > 0
    clock.advance(minutes=15)
    assert sign_in(app.test_client()).status_code == 303


def test_sign_in_needs_the_token_of_its_page(app, ann):
    client = app.test_client()
    assert client.post("/t/acme/login", data={"login": "ann", "password": PASSWORD}).status_code == 403
    token = form_token(client, "/t/acme/login")
    assert app.test_client().post("/t/acme/login", data={"login": "ann", "password": PASSWORD, "csrf_token": token}).status_code == 403


def test_a_first_password_must_be_changed(app, home):
    make_account(home, "new", roles=["admin"], must_change=True)
    client = app.test_client()
    assert sign_in(client, "new").location == "/t/acme/password"
    assert client.get("/t/acme/").location == "/t/acme/password"
    assert client.get("/t/acme/api/v1/who").json["code"] == "password_change_due"
    token = form_token(client, "/t/acme/password")
    for old, new, again, status in (
        ("wrong wrong wrong", "another horse battery", "another horse battery", 422), (PASSWORD, "short", "short", 422),
        (PASSWORD, PASSWORD, PASSWORD, 422), (PASSWORD, "another horse battery", "different", 422),
        (PASSWORD, "aaaaaaaaaaaa", "aaaaaaaaaaaa", 422), (PASSWORD, "another horse battery", "another horse battery", 303),
    ):
        answer = client.post("/t/acme/password", data={"old": old, "new": new, "again": again, "csrf_token": token})
        assert answer.status_code == status, (old, new)
    assert client.get("/t/acme/").status_code == 200


def test_changing_the_password_ends_other_sessions(app, home, ann):
    one, other = app.test_client(), app.test_client()
    sign_in(one)
    sign_in(other)
    one.post("/t/acme/password", data={
        "old": PASSWORD, "new": "another horse battery", "again": "another horse battery", "csrf_token": csrf_of(one, app, "acme")})
    assert one.get("/t/acme/").status_code == 200
    assert other.get("/t/acme/").status_code == 303


def test_redirects_stay_at_home():
    for target in (
        "https://evil.example/", "//evil.example/", "/t/other/x", "/t/acme//evil", "/t/acme/../other/", "/t/acme/\\evil", "/t/acme/\nX: y", "", None,
    ):
        assert own_path(target, "acme") == "/t/acme/"
    assert own_path("/t/acme/e/task?q=%E6%96%B9&sort=-a", "acme") == "/t/acme/e/task?q=%E6%96%B9&sort=-a"


# --- sessions end -------------------------------------------------------------------------------------------------


def test_disabled_accounts_and_lost_roles_end_sessions_at_once(app, home, ann, clock):
    client = signed_in(app, home, "acme", ann)
    token = make_token(home, ann, clock)
    assert client.get("/t/acme/").status_code == 200
    with home.write() as conn:
        accounts.set_roles(conn, ann, [])
    assert client.get("/t/acme/").status_code == 303
    again = signed_in(app, home, "acme", ann)
    with home.write() as conn:
        accounts.disable(conn, ann, clock.now())
    assert again.get("/t/acme/").status_code == 303
    assert app.test_client().get("/t/acme/api/v1/who", headers={"Authorization": f"Bearer {token}"}).status_code == 401


def test_sessions_expire_and_live_on_with_use(app, home, ann, client, clock):
    for _day in range(20):
        clock.advance(days=5)
        answer = client.get("/t/acme/")
        if answer.status_code != 200:
            break
    assert 85 <= (clock.now() - sessions_start(home, clock)).days <= 100
    fresh = signed_in(app, home, "acme", ann)
    clock.advance(days=15)
    assert fresh.get("/t/acme/").status_code == 303


def sessions_start(home, clock):
    with home.read() as conn:
        row = conn.execute(t.session.select()).first()
    assert row is not None
    return row.created_at


def test_given_roles_count_at_the_next_request(app, home):
    bob = make_account(home, "bob")
    client = signed_in(app, home, "acme", bob)
    assert client.get("/t/acme/design/").status_code == 403
    with home.write() as conn:
        accounts.set_roles(conn, bob, ["admin"])
    assert client.get("/t/acme/design/").status_code == 200


# --- tenants are sealed -------------------------------------------------------------------------------------------


def test_another_tenants_credential_meets_what_a_missing_tenant_shows(app, home, ann, clock):
    # Addresses that occur in no word of the pages themselves.
    make_tenant(app, "tenant-b", "Other")
    token = make_token(home, ann, clock)
    cookie = signed_in(app, home, "acme", ann).get_cookie("fy-acme").value

    def seen(slug: str, path: str, method: str = "GET", **headers):
        client = app.test_client()
        client.set_cookie(f"fy-{slug}", cookie)
        answer = client.open(f"/t/{slug}{path}", method=method, headers=headers, data=b"{}" if method == "POST" else None)
        hidden = {"X-Request-Id", "Content-Security-Policy", "Set-Cookie", "Content-Length", "Date"}
        body = re.sub(r"urn:uuid:[\w-]+", "", neutral(answer.text)).replace(slug, "SLUG")
        return answer.status_code, body, {k: v.replace(slug, "SLUG") for k, v in answer.headers.items() if k not in hidden}

    bearer = {"Authorization": f"Bearer {token}"}
    for path, method, headers in (
        ("/", "GET", {}), ("/", "GET", bearer), ("/api/v1/who", "GET", bearer), ("/api/v1/who", "GET", {}),
        ("/api/v1/write", "POST", bearer), ("/write", "POST", {}), ("/design/", "GET", {}), ("/password", "GET", {}), ("/login", "GET", {}),
    ):
        assert seen("tenant-b", path, method, **headers) == seen("never-was", path, method, **headers), (path, method)
    assert app.test_client().get("/t/acme/api/v1/who", headers=bearer).json["person"] == ann


def test_a_removed_tenant_is_gone_at_once(app, home, client):
    assert client.get("/t/acme/").status_code == 200
    app.extensions["fangyuan"].tenants.delete("acme")
    assert client.get("/t/acme/").status_code == 303
    make_tenant(app)
    assert client.get("/t/acme/").status_code == 303


# --- tokens -------------------------------------------------------------------------------------------------------


def test_tokens_count_only_in_the_header_of_the_api(app, home, ann, clock):
    token = make_token(home, ann, clock)
    client = app.test_client()
    bearer = {"Authorization": f"Bearer {token}"}
    assert client.get("/t/acme/api/v1/who", headers=bearer).json == {"person": ann, "kind": "token", "tenant": "acme", "channel": "api"}
    assert client.get("/t/acme/", headers=bearer).status_code == 303
    assert client.get(f"/t/acme/api/v1/who?token={token}").status_code == 401
    assert client.get("/t/acme/api/v1/who").headers["WWW-Authenticate"] == "Bearer"


def test_a_bad_token_is_not_saved_by_a_good_cookie(client):
    assert client.get("/t/acme/api/v1/who", headers={"Authorization": "Bearer " + "x" * 40}).status_code == 401


def test_a_token_does_what_its_scope_and_its_owner_may(app, home, ann, clock):
    client = app.test_client()

    def post(**options) -> int:
        header = {"Authorization": f"Bearer {make_token(home, ann, clock, **options)}"}
        return client.post("/t/acme/api/v1/write", json={"name": "x"}, headers=header).status_code

    assert post() == 200
    assert post(scopes=["write"]) == 200
    assert post(scopes=["read"]) == 403
    assert post(scopes=["design"]) == 403


def test_tokens_end(app, home, ann, clock):
    client = app.test_client()
    short = make_token(home, ann, clock, expires_at=clock.now() + timedelta(days=1))
    with home.write() as conn:
        listed, revoked = tokens.create(conn, ann, "second", clock.now())
        assert {x.name for x in tokens.of_person(conn, ann)} == {"test", "second"}
        tokens.revoke(conn, listed.id, ann, clock.now())
    assert client.get("/t/acme/api/v1/who", headers={"Authorization": f"Bearer {revoked}"}).status_code == 401
    assert client.get("/t/acme/api/v1/who", headers={"Authorization": f"Bearer {short}"}).status_code == 200
    clock.advance(days=1)
    assert client.get("/t/acme/api/v1/who", headers={"Authorization": f"Bearer {short}"}).status_code == 401


@pytest.mark.parametrize("options", [{"scopes": []}, {"scopes": ["everything"]}, {"expires_at": "past"}, {"expires_at": "far"}])
def test_bad_tokens_are_refused(home, ann, clock, options):
    if "expires_at" in options:
        options = {"expires_at": clock.now() + (timedelta(days=-1) if options["expires_at"] == "past" else timedelta(days=9999))}
    with pytest.raises(Invalid):
        make_token(home, ann, clock, **options)


# --- writes -------------------------------------------------------------------------------------------------------


def test_a_write_needs_the_csrf_token_of_its_session(app, home, client):
    assert client.post("/t/acme/write", data={"name": "one"}).status_code == 403
    assert client.post("/t/acme/write", data={"name": "one", "csrf_token": "x" * 43}).status_code == 403
    token = csrf_of(client, app, "acme")
    assert client.post("/t/acme/write", data={"name": "one", "csrf_token": token}).status_code == 200
    assert client.post("/t/acme/write", data={"name": "two"}, headers={"X-CSRFToken": token}).status_code == 200
    assert name_of(home) == "two"


def test_the_api_by_cookie_needs_the_token_as_header(app, client):
    assert client.post("/t/acme/api/v1/write", json={"name": "x"}).status_code == 403
    assert client.post("/t/acme/api/v1/write", json={"name": "x"}, headers={"X-CSRFToken": csrf_of(client, app, "acme")}).status_code == 200


@pytest.mark.parametrize("headers", [
    {"Origin": "https://evil.example"}, {"Origin": "null"}, {"Origin": "http://127.0.0.1:9"}, {"Sec-Fetch-Site": "cross-site"},
])
def test_requests_of_other_sites_are_refused(app, client, headers):
    headers = {**headers, "X-CSRFToken": csrf_of(client, app, "acme")}
    assert client.post("/t/acme/write", data={"name": "x"}, headers=headers).status_code == 403


@pytest.mark.parametrize("origin", ["http://127.0.0.1:8000", "http://localhost:8000", "http://[::1]:8000"])
def test_this_machine_has_several_names(app, client, origin):
    headers = {"Origin": origin, "X-CSRFToken": csrf_of(client, app, "acme")}
    assert client.post("/t/acme/write", data={"name": "x"}, headers=headers).status_code == 200


@pytest.mark.parametrize(("name", "status"), [("page", 422), ("boom", 500), ("invalid", 422), ("refused", 409), ("busy", 503)])
def test_whatever_fails_leaves_nothing(app, home, client, name, status):
    answer = client.post("/t/acme/write", data={"name": name, "csrf_token": csrf_of(client, app, "acme")})
    assert answer.status_code == status
    assert name_of(home) == "Acme"
    assert "secret inside" not in answer.text


@pytest.mark.parametrize(("method", "path"), [("GET", "/t/acme/sneaky"), ("POST", "/t/acme/ask")])
def test_a_reader_has_no_effects(app, home, client, method, path):
    answer = client.open(path, method=method, data={"csrf_token": csrf_of(client, app, "acme")} if method == "POST" else None)
    assert answer.status_code == 500
    with home.read() as conn:
        assert conn.execute(t.tenant_state.select()).one().rights_epoch < 50


# --- answers ------------------------------------------------------------------------------------------------------


def test_problem_documents(app, client):
    token = {"X-CSRFToken": csrf_of(client, app, "acme"), "Accept-Language": "en"}

    def post(name: str):
        answer = client.post("/t/acme/api/v1/write", json={"name": name}, headers=token)
        assert answer.mimetype == "application/problem+json"
        return answer.json

    invalid = post("invalid")
    assert invalid["status"] == 422 and invalid["title"] == "有几处内容需要修改。"
    assert invalid["problems"] == [
        {"code": "required", "path": "fields.name", "message": "密码", "hint": "登录", "rule": "pkg:task.name#required"}]
    assert post("refused")["missing"] == [
        {"what": "密码", "from": "工作空间", "ask": {"kind": "field", "field": "name"}, "rule": "pkg:x"}]
    unexpected = post("boom")
    assert unexpected["status"] == 500 and unexpected["instance"].removeprefix("urn:uuid:") in unexpected["detail"]
    assert client.get("/t/acme/api/v1/nothing").json["status"] == 404
    wrong = client.delete("/t/acme/api/v1/who")
    assert wrong.json["status"] == 405 and "GET" in wrong.headers["Allow"]


@pytest.mark.parametrize(("body", "kind"), [
    (b"{", "application/json"), (b'{"a": NaN}', "application/json"), (b'{"a": 1, "a": 2}', "application/json"),
    (b"[" * 70 + b"]" * 70, "application/json"), (b"[1]", "application/json"), (b'"\xff"', "application/json"),
    (b'{"a": "\\u0000"}', "application/json"), (b'{"a": "\\ud800"}', "application/json"), (b'{"a": 1e999}', "application/json"),
])
def test_broken_json_is_a_bad_request(app, client, body, kind):
    answer = client.post("/t/acme/api/v1/write", data=body, content_type=kind, headers={"X-CSRFToken": csrf_of(client, app, "acme")})
    if body == b'{"a": 1e999}':
        assert answer.status_code == 200, "exact numbers have no infinity"
    else:
        assert answer.status_code == 400, answer.text
        assert answer.json["code"] == "bad_request"


def test_bodies_are_limited(app, client):
    token = {"X-CSRFToken": csrf_of(client, app, "acme")}
    assert client.post("/t/acme/api/v1/small", json={"name": "x" * 200}, headers=token).status_code == 413
    assert client.post("/t/acme/api/v1/write", json={"name": "x" * 3_000_000}, headers=token).json["code"] == "too_large"
    assert client.post("/t/acme/write", data={"name": "x" * 3_000_000}, headers=token).status_code == 413


def test_people_get_pages_in_their_language(app, home, client, ann):
    answer = client.get("/t/acme/design/nothing")
    assert answer.status_code == 404 and answer.mimetype == "text/html" and "这个页面或记录不存在" in answer.text
    assert 'href="/t/acme/"' in answer.text, "the way back leads to where the person works"
    with home.write() as conn:
        accounts.set_preferences(conn, ann, language="en")
    answer = client.post("/t/acme/write", data={"name": "invalid", "csrf_token": csrf_of(client, app, "acme")})
    assert "Some values need attention." in answer.text and 'lang="en"' in answer.text


def test_htmx_gets_a_notice(app, client):
    headers = {"HX-Request": "true", "X-CSRFToken": csrf_of(client, app, "acme")}
    answer = client.post("/t/acme/write", data={"name": "invalid"}, headers=headers)
    assert answer.status_code == 422 and answer.headers["HX-Retarget"] == "#toasts" and "<html" not in answer.text
    gone = app.test_client().get("/t/acme/", headers={"HX-Request": "true"})
    assert gone.status_code == 401 and gone.headers["HX-Redirect"] == "/t/acme/login"


def test_every_answer_is_protected(app, client):
    for path in ("/", "/t/acme/", "/t/acme/login", "/t/acme/api/v1/who", "/nothing", "/health"):
        headers = client.get(path).headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy and "object-src 'none'" in policy and "base-uri 'none'" in policy and "unsafe" not in policy
        assert headers["X-Content-Type-Options"] == "nosniff" and headers["X-Request-Id"]
    nonces = {re.search(r"nonce-([\w-]+)", client.get("/").headers["Content-Security-Policy"])[1] for _try in range(3)}
    assert len(nonces) == 3


def test_on_https_cookies_are_bound_to_the_host(settings, clock):
    app = make_app(replace(settings, base_url="https://forms.example.com"), clock)
    home = make_tenant(app)
    make_account(home, "ann")
    client = app.test_client()
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/t/acme/login", base_url="https://forms.example.com").text)[1]
    answer = client.post(
        "/t/acme/login", base_url="https://forms.example.com", data={"login": "ann", "password": PASSWORD, "csrf_token": token})
    assert answer.headers["Set-Cookie"].startswith("__Host-fy-acme=") and "Secure" in answer.headers["Set-Cookie"]
    assert "Strict-Transport-Security" in answer.headers
    app.extensions["fangyuan"].databases.dispose()


# --- preferences, start -------------------------------------------------------------------------------------------


def test_language_and_theme_are_kept_for_the_person(app, home, client, ann):
    token = csrf_of(client, app, "acme")
    assert client.post("/t/acme/preferences", data={"language": "en", "csrf_token": token}).status_code == 303
    answer = client.post("/t/acme/preferences", data={"theme": "dark"}, headers={"X-CSRFToken": token, "X-Requested-With": "fetch"})
    assert answer.status_code == 204
    assert client.post("/t/acme/preferences", json={"density": "compact"}, headers={"X-CSRFToken": token}).status_code == 303
    with home.read() as conn:
        account = accounts.get(conn, ann)
    assert (account.language, account.theme) == ("en", "dark")
    assert client.post("/t/acme/preferences", data={"language": "xx", "csrf_token": token}).status_code == 422
    assert client.post("/t/acme/preferences", data={"language": "zh"}).status_code == 403


def test_before_sign_in_the_language_is_a_cookie(app, home):
    client = app.test_client()
    page = client.get("/t/acme/login", headers={"Accept-Language": "en-GB,en;q=0.9"}).text
    assert 'lang="en"' in page and ">Sign in<" in page
    token = form_token(client, "/t/acme/login")
    client.post("/t/acme/preferences", data={"language": "zh", "csrf_token": token})
    assert "登录" in client.get("/t/acme/login", headers={"Accept-Language": "en"}).text


def test_the_start_page_lists_nothing(app, home):
    page = app.test_client().get("/").text
    assert "acme" not in page and "/t/" not in page
    assert app.test_client().get("/?workspace=acme").location == app.test_client().get("/?workspace=acme").location == "/t/acme/"
    assert app.test_client().get("/?workspace=No+Such").status_code == 200
    make_tenant(app, "demo", "Demo")
    assert "/t/demo/" in app.test_client().get("/").text


# --- declarations -------------------------------------------------------------------------------------------------


def test_a_route_without_needs_does_not_start(app):
    with pytest.raises(RouteRefused):
        mount(app, [Route("/bare", who)])
    app.add_url_rule("/bare", "bare", lambda: "x")
    with pytest.raises(RouteRefused):
        seal(app)


def test_public_routes_serve_nobody(app, home):
    assert app.test_client().get("/t/acme/open").json == {"person": "", "kind": "nobody", "tenant": "acme", "channel": "screen"}
    assert app.test_client().get("/t/missing/open").status_code == 404


def test_a_request_costs_one_statement(app, home, client):
    from kernel.platform.database import count_statements

    client.get("/t/acme/")
    web = app.extensions["fangyuan"]
    with count_statements(web.tenants.find("acme")[1]) as count:
        client.get("/t/acme/")
    assert count.total == 1, count.statements


def test_json_numbers_stay_exact(app, client):
    from decimal import Decimal

    from kernel.platform.jsonvalues import read_strict

    assert read_strict('{"a": 12345678901234567.89}', exact=True) == {"a": Decimal("12345678901234567.89")}
    assert json.dumps(read_strict("[1.5]")) == "[1.5]"
