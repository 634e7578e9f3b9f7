"""The two commands of a stranger, and the ones an operator uses: what they print, what they answer, what they leave behind."""

from __future__ import annotations

import http.cookiejar
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.servers import free_port

ROOT = Path(__file__).resolve().parents[3]
LOG_IN, TEMPLATE = "linxiaoman", "store_sales"


class Installation:
    """A data folder of its own, worked on by the real command line in processes of their own."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        clean = {k: v for k, v in os.environ.items() if not k.startswith("FANGYUAN_")}
        self.env = {**clean, "FANGYUAN_DATA_DIR": str(folder), "FANGYUAN_PORT": str(self.port), "FANGYUAN_WORKERS": "1", "FANGYUAN_THREADS": "4"}

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """One command, finished."""
        return subprocess.run([sys.executable, "app.py", *arguments], cwd=ROOT, env=self.env, capture_output=True, text=True, timeout=240)

    @contextmanager
    def served(self) -> Iterator[str]:
        """``serve`` until the block ends; Ctrl-C must end it well."""
        with subprocess.Popen([sys.executable, "app.py", "serve"], cwd=ROOT, env=self.env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
            try:
                self._wait(process)
                yield self.url
            finally:
                process.send_signal(signal.SIGINT)
                try:
                    output, _none = process.communicate(timeout=30)
                except subprocess.TimeoutExpired:
                    process.kill()
                    raise
        assert process.returncode == 0, output
        assert "Traceback" not in output, output

    def _wait(self, process: subprocess.Popen[str]) -> None:
        limit = time.monotonic() + 60
        while True:
            try:
                urllib.request.urlopen(f"{self.url}/t/demo/login", timeout=10).close()
                return
            except urllib.error.HTTPError:
                return
            except OSError:
                assert process.poll() is None and time.monotonic() < limit, "the server did not come up"
                time.sleep(0.1)


@pytest.fixture(scope="module")
def installation(tmp_path_factory):
    """A fresh machine's data folder."""
    return Installation(tmp_path_factory.mktemp("install") / "var")


@pytest.fixture(scope="module")
def first(installation):
    """The first ``demo``."""
    return installation.run("demo")


def people_in(output):
    """The log-ins a person reads off the screen."""
    return re.findall(r"^  ([a-z]+) {2,}\S", output.split("Password")[1], re.MULTILINE)


def test_the_first_run_makes_a_company_and_says_how_to_sign_in(installation, first):
    assert first.returncode == 0, first.stderr
    assert f"{installation.url}/t/demo/" in first.stdout
    assert {LOG_IN, "zhou", "admin"} <= set(people_in(first.stdout))
    assert first.stderr == ""


def test_the_second_run_is_quick_and_keeps_the_data(installation, first):
    token = installation.run("token", "create", "--tenant", "demo", "--user", LOG_IN).stdout.strip()
    with installation.served() as url:
        made = call(url, token, "POST", "/records/lead", {"fields": {"company": "重启前", "name": "甲", "phone": "13805710009", "source": "website"}})
    began = time.monotonic()
    again = installation.run("demo")
    seconds = time.monotonic() - began
    assert again.returncode == 0 and people_in(again.stdout) == people_in(first.stdout)
    assert "Setting up" not in again.stdout
    assert seconds < 20, "no migration, no samples: only the start of Python and a look at the database"
    with installation.served() as url:
        assert call(url, token, "GET", f"/records/lead/{made['id']}")["fields"]["company"] == "重启前"


def call(url, token, method, path, body=None):
    """One request to the API, as a stranger's script would send it."""
    request = urllib.request.Request(f"{url}/t/demo/api/v1{path}", method=method, data=None if body is None else json.dumps(body).encode(), headers={
        "Authorization": f"Bearer {token}", "Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def test_it_is_served_and_people_sign_in(installation, first):
    password = re.search(r"Password\s+(\S+)", first.stdout)[1]
    with installation.served() as url:
        opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
        page = opener.open(f"{url}/t/demo/", timeout=30)
        assert page.url.startswith(f"{url}/t/demo/login") and "werkzeug" not in page.headers.get("Server", "").lower(), "not Flask's development server"
        csrf = re.search(r'name="csrf_token" value="([^"]+)"', page.read().decode())[1]
        body = urllib.parse.urlencode({"csrf_token": csrf, "login": LOG_IN, "password": password, "next": ""}).encode()
        request = urllib.request.Request(f"{url}/t/demo/login", data=body, headers={"Origin": url})
        inside = opener.open(request, timeout=30)
        text = inside.read().decode()
        assert inside.status == 200 and inside.url == f"{url}/t/demo/" and "林小满" in text
        assert opener.open(f"{url}/t/demo/e/lead", timeout=30).status == 200
        style = re.search(r'href="(/static/[^"]+\.css)"', text)[1]
        assert opener.open(f"{url}{style}", timeout=30).headers["Content-Type"].startswith("text/css")


def test_an_operators_tenant_with_people_and_tokens(installation, first):
    made = installation.run("tenant", "create", "lakeside", "--template", TEMPLATE, "--name", "Lakeside", "--language", "en")
    assert made.returncode == 0, made.stderr
    assert f"{installation.url}/t/lakeside/" in made.stdout and re.search(r"^admin \S{12,}$", made.stdout, re.MULTILINE)
    assert {t["slug"] for t in json.loads(installation.run("tenant", "list", "--json").stdout)} == {"demo", "lakeside"}
    person = installation.run("user", "create", "--tenant", "lakeside", "--login", "ann", "--name", "Ann", "--role", "rep")
    assert person.returncode == 0 and re.fullmatch(r"ann \S{12,}\n", person.stdout)
    listed = json.loads(installation.run("user", "list", "--tenant", "lakeside", "--json").stdout)
    assert {(p["login"], tuple(p["roles"])) for p in listed} >= {("ann", ("rep",))}
    token = installation.run("token", "create", "--tenant", "lakeside", "--user", "ann", "--scope", "read")
    assert token.returncode == 0 and len(token.stdout.split()) == 1
    for wrong in (("user", "create", "--tenant", "lakeside", "--login", "ann", "--name", "Ann again"),
                  ("user", "create", "--tenant", "lakeside", "--login", "bob", "--name", "Bob", "--role", "no_such_role"),
                  ("token", "create", "--tenant", "lakeside", "--user", "nobody"), ("tenant", "create", "lakeside", "--template", TEMPLATE),
                  ("tenant", "create", "Not A Slug", "--template", TEMPLATE), ("tenant", "create", "other", "--template", "no_such_template"),
                  ("user", "list", "--tenant", "nowhere")):
        refused = installation.run(*wrong)
        assert refused.returncode == 1, (wrong, refused.stdout, refused.stderr)
        assert "Traceback" not in refused.stderr and (refused.stderr + refused.stdout).strip(), wrong
    assert installation.run("tenant", "delete", "lakeside", "--yes").returncode == 0
    assert installation.run("user", "list", "--tenant", "lakeside").returncode == 1


@pytest.mark.parametrize("arguments", [(), ("no-such-command",), ("tenant",), ("tenant", "create"), ("user", "create", "--tenant", "demo")])
def test_wrong_use_is_told_apart_from_problems(installation, arguments):
    answer = installation.run(*arguments)
    assert answer.returncode == 2 and "usage" in (answer.stderr + answer.stdout).lower()


def test_check_of_the_shipped_templates_and_of_a_broken_package(installation, tmp_path):
    fine = installation.run("check", TEMPLATE)
    assert fine.returncode == 0, fine.stdout
    (tmp_path / "entities").mkdir()
    (tmp_path / "package.yaml").write_text("package: broken\nversion: 1.0.0\nkind: module\ndepends: [platform]\nlanguages: [en]\nlabels: {en: Broken}\n")
    (tmp_path / "entities" / "task.yaml").write_text(
        "entity: task\ntitle: '{name}'\nfields:\n  name: {type: text}\n  twice: {type: computed, value: nothing * 2}\n  kind: {type: choice, options: nowhere}\n")
    found = installation.run("check", str(tmp_path))
    assert found.returncode == 1 and "Traceback" not in found.stderr
    assert re.search(r"entities/task\.yaml:5\b.*nothing", found.stdout), found.stdout
    assert re.search(r"entities/task\.yaml:6\b.*nowhere", found.stdout), found.stdout
    as_json = json.loads(installation.run("check", str(tmp_path), "--json").stdout)
    assert {f["severity"] for f in as_json} >= {"error"} and all(f["code"] and f["message"] for f in as_json)
    (tmp_path / "entities" / "task.yaml").write_text("entity: task\nfields: [\n")
    torn = installation.run("check", str(tmp_path))
    assert torn.returncode == 1 and "task.yaml" in torn.stdout + torn.stderr and "Traceback" not in torn.stderr
