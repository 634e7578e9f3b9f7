"""Several at once: no lost update, one winner, one holder of a unique value."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from tests.factories.desk import Api, Desk
from tests.scale import scaled


def together(desk: Desk, api: Api, *work: Callable[[Api], Any]) -> list[Any]:
    """Runs each piece in a thread of its own, all starting at the same moment."""
    barrier, results = threading.Barrier(len(work)), [None] * len(work)

    def run(n: int) -> None:
        mine = Api(desk.app.test_client(), api.base, api.token)
        barrier.wait()
        try:
            results[n] = work[n](mine)
        except BaseException as error:
            results[n] = error

    threads = [threading.Thread(target=run, args=(n,)) for n in range(len(work))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return results


def persistent(api: Api, method: str, path: str, body: Any, **more: Any) -> Any:
    """The answer once the database took it: busy means try again."""
    while (answer := api.call(method, path, body, **more)).status_code == 503:
        assert answer.headers["Retry-After"] == "1"
    return answer


def sending(method: str, path: str, body: Any, **more: Any) -> Callable[[Api], Any]:
    """A request to be sent together with others."""
    return lambda api: persistent(api, method, path, body, **more)


def test_no_update_is_lost(desk: Desk, wen: Api) -> None:
    made, each = wen.make(count=0), scaled(12, 100)
    url = f"/records/task/{made['id']}"

    def count_up(api: Api) -> int:
        done = 0
        while done < each:
            record = api.get(url).json
            answer = persistent(api, "PATCH", url, {"fields": {"count": record["fields"]["count"] + 1}}, version=record["version"])
            assert answer.status_code in (200, 412), answer.text
            done += answer.status_code == 200
        return done

    together(desk, wen, count_up, count_up)
    after = wen.get(url).json
    assert (after["fields"]["count"], after["version"]) == (2 * each, 2 * each + 1)
    history = wen.get(f"{url}/history?limit=500").json["items"]
    assert [e["seq"] for e in history] == list(range(2 * each + 1, 0, -1))
    steps = [c for e in reversed(history[:-1]) for c in e["changes"] if c["field"] == "count"]
    assert [(int(c["from"]), int(c["to"])) for c in steps] == [(n, n + 1) for n in range(2 * each)]


def test_a_stale_change_is_refused_whoever_sends_it(desk: Desk, wen: Api) -> None:
    for _ in range(scaled(5, 50)):
        made = wen.make()
        url = f"/records/task/{made['id']}"
        answers = together(desk, wen, *(sending("PATCH", url, {"fields": {"details": f"by {n}"}}, version=1) for n in range(3)))
        assert sorted(a.status_code for a in answers) == [200, 412, 412], [a.text for a in answers]
        assert wen.get(url).json["version"] == 2


def test_competing_steps_have_one_winner(desk: Desk, chen: Api) -> None:
    for _ in range(scaled(5, 50)):
        made = chen.make()
        url = f"/records/task/{made['id']}/transitions"
        for version in (1, "*"):
            record = chen.get(f"/records/task/{made['id']}").json
            if record["state"] != "open":
                break
            answers = together(desk, chen, sending("POST", f"{url}/start", {}, version=version), sending("POST", f"{url}/start", {}, version=version))
            assert sorted(a.status_code for a in answers) in ([200, 412], [200, 409]), [a.text for a in answers]
    either = chen.make()
    url = f"/records/task/{either['id']}/transitions"
    answers = together(desk, chen, sending("POST", f"{url}/start", {}, version=1), sending("POST", f"{url}/drop", {}, version=1))
    assert sorted(a.status_code for a in answers) == [200, 412]


def test_a_unique_value_has_one_holder(desk: Desk, wen: Api) -> None:
    for n in range(scaled(5, 50)):
        body = {"fields": {"title": "x", "code": f"U-{n}"}}
        answers = together(desk, wen, *(sending("POST", "/records/task", body) for _ in range(3)))
        assert sorted(a.status_code for a in answers) == [201, 422, 422], [a.text for a in answers]
        refused = next(a for a in answers if a.status_code == 422)
        assert [(p["code"], p["path"], p["rule"]) for p in refused.json["problems"]] == [("not_unique", "fields.code", "test:task.code#unique")]


def test_numbers_are_given_once(desk: Desk, wen: Api) -> None:
    def four(api: Api) -> list[str]:
        return [persistent(api, "POST", "/records/task", {"fields": {"title": "x"}}).json["fields"]["number"] for _ in range(4)]

    numbers = [n for some in together(desk, wen, four, four, four) for n in some]
    assert len(set(numbers)) == 12


def test_a_change_and_a_removal(desk: Desk, chen: Api) -> None:
    for _ in range(scaled(3, 30)):
        url = f"/records/task/{chen.make()['id']}"
        changed, removed = together(desk, chen, sending("PATCH", url, {"fields": {"details": "x"}}, version=1), sending("DELETE", url, None, version=1))
        assert (changed.status_code, removed.status_code) in ((200, 412), (412, 204), (404, 204))
