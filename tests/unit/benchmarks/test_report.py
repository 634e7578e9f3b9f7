"""What the comparison writes down."""

from __future__ import annotations

import json
from contextlib import nullcontext
from datetime import date
from pathlib import Path

import pytest

from benchmarks import datasets, report
from benchmarks.__main__ import main
from benchmarks.measure import Result, Times

MACHINE = report.Machine("Processor", 2, 8, "Python")


def _result(case: str = "read", rows: int = 10_000, role: str = "manager", ours: int = 3, theirs: int = 2) -> Result:
    ms = 1_000_000
    return Result(case, "sqlite", rows, role, Times([ours * ms] * 3, [ms] * 3, 4), Times([theirs * ms] * 3, [ms] * 3, 2))


def test_an_entry_has_the_fixed_shape() -> None:
    entry = report.timed(_result())
    assert list(entry)[:8] == ["case", "database", "rows", "clients", "role", "ours_ms", "handwritten_ms", "ratio"]
    assert (entry["ours_ms"], entry["handwritten_ms"], entry["ratio"], entry["cpu_ratio"]) == (3, 2, 1.5, 1)


def test_medians_are_not_moved_by_one_slow_request() -> None:
    assert Times([1_000_000, 1_000_000, 90_000_000], [1], 1).wall_ms == 1


def test_a_run_of_one_case_keeps_the_others() -> None:
    old = [report.timed(_result("read", ours=9)), report.timed(_result("list"))]
    new = [report.timed(_result("read"))]
    assert [(e["case"], e["ours_ms"]) for e in report.merge(old, new, complete=False)] == [("read", 3), ("list", 3)]
    assert report.merge(old, new, complete=True) == new


def test_sizes_and_roles_are_compared_with_each_other() -> None:
    entries = [report.timed(r) for r in (_result("list"), _result("list", 200_000, ours=6), _result("list", role="keeper", ours=9))]
    text = "\n".join(report.comparisons(entries))
    assert "manager: 200,000 by 10,000 records | 2.00" in text and "10,000 records: keeper by manager | 3.00" in text
    assert report.comparisons(entries[:1]) == []


def test_a_role_that_waits_too_long_is_named() -> None:
    slow = [report.timed(r) for r in (_result("list"), _result("list", role="keeper", ours=9))]
    assert report.dear(slow) == [], "the machine was busy: the processor worked no more than for the manager"
    worked = [slow[0], {**slow[1], "ours_cpu_ms": 4}]
    assert report.dear(worked) == [("list", "sqlite", 10_000)] and "3.00 (above 1.3)" in "\n".join(report.comparisons(worked))
    served = [{**e, "database": "postgresql"} for e in slow]
    assert report.dear(served) == [("list", "postgresql", 10_000)], "there the server's own work is in the wall time alone"
    assert report.dear([slow[0], {**slow[1], "ours_ms": 3.9, "ours_cpu_ms": 9}]) == []


def test_both_files_are_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report, "JSON", tmp_path / "results.json")
    monkeypatch.setattr(report, "TABLE", tmp_path / "RESULTS.md")
    entries = [report.timed(_result()), report.weighed("memory per worker", "sqlite", 10_000, 120, 60)]
    report.write(entries, MACHINE, "make bench", date(2026, 5, 1))
    assert json.loads((tmp_path / "results.json").read_text()) == entries
    text = (tmp_path / "RESULTS.md").read_text()
    assert "2026-05-01" in text and "make bench" in text and "Processor, 2 cores" in text and "| **1.50** |" in text and "| **2.00** |" in text


def test_a_case_nobody_knows_is_wrong_use(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--case", "no such case"]) == 2
    assert "form page" in capsys.readouterr().err


def test_two_runs_do_not_share_the_data_sets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(datasets, "KEPT", tmp_path)
    with datasets.alone():
        assert main(["--case", "read"]) == 1
    assert "Another comparison" in capsys.readouterr().err


def test_data_sets_are_made_once_copied_and_swept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []

    def build(side: str, rows: int, place: datasets.Place, system: str, say: datasets.Say) -> None:
        made.append(side)
        (place.folder / "assets.sqlite3").write_text("data")

    monkeypatch.setattr(datasets, "KEPT", tmp_path)
    monkeypatch.setattr(datasets, "_build", build)
    store = datasets.SqliteStore(lambda text: None)
    datasets.prepare(store, [5])
    copied = store.copy("handwritten", 5)
    assert sorted(made) == ["handwritten", "ours"] and (copied.folder / "assets.sqlite3").exists()
    kept = store.kept("handwritten", 5).folder
    monkeypatch.setattr(datasets, "digest_of", lambda side: "other")
    datasets.SqliteStore(lambda text: None)
    assert not kept.exists()


def test_a_data_set_depends_on_its_sources() -> None:
    assert datasets.digest_of("ours") == datasets.digest_of("ours") != datasets.digest_of("handwritten")


def test_a_data_set_that_fails_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def fail(*args: object) -> None:
        raise datasets.NotMade("10000 records")

    monkeypatch.setattr(datasets, "KEPT", tmp_path)
    monkeypatch.setattr(datasets, "_build", fail)
    assert main(["--case", "read", "--database", "sqlite", "--dry"]) == 1
    assert "could not be made: 10000 records" in capsys.readouterr().err


def test_a_busy_machine_is_named() -> None:
    assert "load" not in str(MACHINE)
    assert "load 7.5" in str(report.Machine("Processor", 2, 8, "Python", 7.5))


def test_pages_without_a_counterpart_stand_in_a_table_of_their_own_and_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from benchmarks import scale

    times = Times([4_000_000], [2_000_000], 3)
    pages = [scale.timed(scale.Result("scale: board", "sqlite", rows, role, times)) for rows in (1_000, 1_000_000) for role in ("manager", "keeper")]
    entries = [report.timed(_result())]
    text = "\n".join(report.lines([*entries, *pages]))
    assert "| board | sqlite | 1,000,000 | keeper | 4.00 | 2.00 | 3 |" in text and "| read | sqlite | 10,000 |" in text
    assert report.merge([*pages, *entries], entries, complete=True) == [*entries, *pages]
    assert "1,000,000 records: keeper by manager | 1.00" in "\n".join(report.comparisons(pages))


def test_a_million_records_are_only_made_for_who_names_them() -> None:
    from benchmarks import __main__ as program

    chosen: list[list[str]] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(program, "alone", nullcontext)
        patch.setattr(program, "_run", lambda args, cases, started: chosen.append(cases) or 0)
        assert [main(words) for words in ([], ["--case", "list"], ["--case", "scale"])] == [0, 0, 0]
    assert not any(name.startswith("scale") for name in (*chosen[0], *chosen[1])) and len(chosen[2]) == 5
