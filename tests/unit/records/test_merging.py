"""Two changes of one record put together: values only."""

from __future__ import annotations

from runtime.records.merging import merge
from runtime.records.record import Row


def row(id_, **values):
    return Row(id_, 0, values)


def put(before, theirs, mine, take=None):
    return merge(before, theirs, mine, take or {}, lambda rows, cell: cell != "sum")


def test_what_only_one_changed_goes_through():
    made = put({"a": 1, "b": 1, "c": None}, {"a": 2, "b": 1, "c": None}, {"a": 1, "b": 3, "c": ""})
    assert made.values == {"b": 3} and made.own == ["b"] and not made.clashes and not made.open


def test_the_same_change_twice_is_no_clash():
    made = put({"a": 1}, {"a": 2}, {"a": 2})
    assert made.values == {} and made.own == ["a"] and not made.clashes


def test_a_clash_waits_for_a_choice():
    before, theirs, mine = {"a": 1}, {"a": 2}, {"a": 3}
    assert put(before, theirs, mine).open
    assert put(before, theirs, mine, {"a": "mine"}).values == {"a": 3}
    taken = put(before, theirs, mine, {"a": "theirs"})
    assert taken.values == {} and not taken.open and len(taken.clashes) == 1


ROWS = (row("1", n="a", x=1, sum=1), row("2", n="b", x=2, sum=2), row("3", n="c", x=3, sum=3))


def rows(made):
    return [(r.id, r.values["n"], r.values["x"], r.rank) for r in made.values["rows"]]


def test_rows_are_merged_by_id_and_cell():
    theirs = (row("1", n="a", x=9, sum=9), row("3", n="c", x=3, sum=3), row("9", n="new", x=0, sum=0))  # changed 1, removed 2, added 9
    mine = (row("1", n="A", x=1, sum=1), row("2", n="b", x=2, sum=2), row("3", n="c", x=7, sum=3), row("8", n="own", x=8, sum=None))
    made = put({"rows": ROWS}, {"rows": theirs}, {"rows": mine})
    assert not made.open and rows(made) == [("1", "A", 9, 0), ("3", "c", 7, 1), ("9", "new", 0, 2), ("8", "own", 8, 3)]


def test_a_cell_both_changed_and_a_row_one_removed_are_chosen_row_by_row():
    theirs = (row("1", n="a", x=9, sum=9), row("2", n="b", x=5, sum=5))  # changed 1 and 2, removed 3
    mine = (row("1", n="a", x=8, sum=1), row("3", n="C", x=3, sum=3))  # changed 1 and 3, removed 2
    made = put({"rows": ROWS}, {"rows": theirs}, {"rows": mine})
    assert made.open and [c.name for c in made.clashes] == ["rows#1", "rows#2", "rows#3"] and made.clashes[1].mine is None and made.clashes[2].theirs is None
    made = put({"rows": ROWS}, {"rows": theirs}, {"rows": mine}, {"rows#1": "mine", "rows#2": "theirs", "rows#3": "mine"})
    assert not made.open and rows(made) == [("1", "a", 8, 0), ("2", "b", 5, 1), ("3", "C", 3, 2)]
    made = put({"rows": ROWS}, {"rows": theirs}, {"rows": mine}, {"rows#1": "theirs", "rows#2": "mine", "rows#3": "theirs"})
    assert rows(made) == [("1", "a", 9, 0)]


def test_a_removal_that_nobody_else_touched_goes_through():
    made = put({"rows": ROWS}, {"rows": ROWS}, {"rows": ROWS[:1]})
    assert rows(made) == [("1", "a", 1, 0)] and not made.clashes
    made = put({"rows": ROWS}, {"rows": ROWS}, {"rows": ()})
    assert made.values == {"rows": ()}
    assert put({"rows": ROWS}, {"rows": ROWS[:1]}, {"rows": ROWS}).values == {}
