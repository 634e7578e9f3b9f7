"""An order kept as JSON is the order that was given; reasons of many are put together."""

from __future__ import annotations

import json
from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kernel.errors import Forbidden, Invalid, Missing, NotFound, Problem, Refused, Stale
from runtime.bulk.order import Order, order_of
from runtime.bulk.outcome import Outcome, Reason, grouped, reason_of, refusal

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.decimals(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(min_size=1, max_size=5), inner, max_size=3), max_leaves=8)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.text(min_size=1, max_size=8), VALUES, max_size=4), st.dictionaries(st.text(min_size=1, max_size=8), st.lists(st.text()).map(tuple), max_size=3))
def test_what_is_kept_is_what_was_asked(fields: dict[str, object], add: dict[str, tuple[str, ...]]) -> None:
    order = Order("update", "task", fields=fields, fill=fields, add=add, remove=add, step="go", asks=fields, to={"owner": None, "team": "t"}, of=3, style="text")
    assert order_of(json.loads(json.dumps(order.to_json()))) == order


def test_exact_numbers_stay_exact() -> None:
    order = Order("update", "task", fields={"a": Decimal("0.10"), "b": {"amount": Decimal("1E+2")}})
    assert order_of(order.to_json()).fields == {"a": Decimal("0.10"), "b": {"amount": Decimal(100)}}


def test_each_refusal_in_words() -> None:
    said = {
        error.__class__: refusal(error, "en", {"size": "Size"}) for error in (
            NotFound(), Stale(3), Forbidden("No.", rule="r:1", hint="Ask."), Invalid([Problem("x", "Too big.", "fields.size[2].a", rule="r:2")]),
            Refused([Missing("A budget", "the owner", {"field": "budget"}, "r:3")]))}
    assert (said[NotFound].state, said[Stale].state, said[Forbidden].state) == ("gone", "changed", "refused")
    assert said[Forbidden].reasons == (Reason("No. Ask.", "r:1"),)
    assert said[Invalid].reasons == (Reason("Size: Too big.", "r:2", "", "fields.size[2].a"),)
    assert said[Refused].reasons == (Reason("Missing: A budget", "r:3", "the owner", "budget"),)
    assert all(reason_of(r.to_json()) == r for o in said.values() for r in o.reasons)


def test_the_most_frequent_reason_comes_first() -> None:
    few, many = Reason("few"), Reason("many")
    outcomes = [(f"r{n}", Outcome("refused", None, (many, few) if n == 0 else (many,))) for n in range(5)] + [("ok", Outcome("done", 2))]
    assert [(g.reason, g.n, g.examples) for g in grouped(outcomes)] == [(many, 5, ("r0", "r1", "r2")), (few, 1, ("r0",))]
