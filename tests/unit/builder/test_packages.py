"""Packages from folders and zips; limits; what is written reads back the same."""

# ruff: noqa: E501 - tables read better in long lines
from __future__ import annotations

import stat
import zipfile
from pathlib import Path

import pytest

from builder import tasks
from builder.layers.resolve import fits, in_order, resolve
from builder.packages import archive, catalogue
from builder.packages.package import Dependency, Manifest, Package, package_from_json
from builder.packages.reader import read_documents, read_package
from builder.packages.writer import package_files, tree_files, write_package
from kernel.errors import Invalid
from kernel.platform.jsonvalues import dumps, loads
from tests.unit.builder import world


def zipped(folder: Path, target: Path, prefix: str = "") -> Path:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as packed:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                packed.write(path, prefix + path.relative_to(folder).as_posix())
    return target


def test_a_zip_reads_like_its_folder(tmp_path: Path) -> None:
    folder = world.write(tmp_path / "work", {**world.FILES, "assets/a.txt": "hello"})
    package = read_package(folder)
    assert package.problems == ()
    for name, prefix in (("a.zip", ""), ("b.zip", "work/")):
        again = read_package(zipped(folder, tmp_path / name, prefix))
        assert again.problems == () and again.hash == package.hash
        with again.assets["a.txt"].open("rb") as stream:
            assert stream.read() == b"hello"
    with package.assets["a.txt"].open("rb") as stream:
        assert stream.read() == b"hello"


def test_the_stored_form_is_the_package(tmp_path: Path) -> None:
    package = read_package(world.write(tmp_path, world.FILES))
    again = package_from_json(loads(dumps(package.to_json())))
    assert again.hash == package.hash and again.tree == package.tree
    assert resolve([*catalogue.load("platform"), again]).tree == resolve([*catalogue.load("platform"), package]).tree


def test_writing_is_stable_and_reads_back(tmp_path: Path) -> None:
    package = read_package(world.write(tmp_path / "a", world.FILES))
    write_package(package, tmp_path / "b")
    again = read_package(tmp_path / "b")
    assert again.problems == ()
    platform = catalogue.load("platform")
    assert _plain(resolve([*platform, again])) == _plain(resolve([*platform, package]))
    assert package_files(again) == package_files(read_package(tmp_path / "b")) == package_files(package)


def _plain(found: object) -> dict[str, tuple[object, ...]]:
    """Without ranks: files in other folders have another order among the top elements."""
    return {n.uid: (n.kind, n.key, n.parent, n.slot, n.props) for n in found.tree.values()}  # type: ignore[attr-defined]


def test_a_whole_application_can_be_written_as_one_package(tmp_path: Path) -> None:
    effective = world.effective(tmp_path / "a")
    files = tree_files(effective.tree, "copy")
    folder = world.write(tmp_path / "b", {"package.yaml": "package: copy\nversion: 1.0.0\n", **files})
    found = resolve([read_package(folder)])
    assert found.problems == ()
    assert _plain(found) == _plain(effective)


@pytest.mark.parametrize(("files", "code"), [
    ({}, "no_manifest"), ({"package.yaml": "package: A\nversion: 1.0.0\n"}, "bad_key"), ({"package.yaml": "package: a\nversion: 1\n"}, "bad_version"),
    ({"package.yaml": "package: a\nversion: 1.0.0\nkind: x\n"}, "bad_kind"), ({"package.yaml": "package: a\nversion: 1.0.0\ndepends: [{a: 1}]\n"}, "bad_dependency"),
    ({"package.yaml": "package: a\nversion: 1.0.0\ndepends: [b, b]\n"}, "bad_dependency"), ({"package.yaml": "package: a\nversion: 1.0.0\nauthor: x\n"}, "unknown_key"),
    ({"package.yaml": "package: a\nversion: 1.0.0\nlanguages: zh\n"}, "bad_language"), ({"package.yaml": "package: a\nversion: 1.0.0\nlabels: [x]\n"}, "bad_labels"),
    ({"package.yaml": "package: a\nversion: 1.0.0\n", "run.py": "print()"}, "unknown_file"), ({"package.yaml": "package: a\nversion: 1.0.0\n", "entitys/a.yaml": "entity: a"}, "unknown_file"),
    ({"package.yaml": "package: a\nversion: 1.0.0\n", "labels/x1.yaml": "a: b"}, "bad_language"), ({"package.yaml": "package: a\nversion: 1.0.0\n", "entities/a.yaml": "- a"}, "bad_document"),
    ({"package.yaml": "package: a\nversion: 1.0.0\n", "entities/a.yaml": "thing: a"}, "unknown_kind"), ({"package.yaml": "package: a\nversion: 1.0.0\n", "samples/a.yaml": "sample: a\nsteps: 3\n"}, "bad_sample"),
    ({"package.yaml": "package: a\nversion: 1.0.0\n", "entities/a.yaml": "entity: [a]\n"}, "bad_key"), ({"package.yaml": "package: a\nversion: 1.0.0\n", "labels/zh.yaml": "- a"}, "bad_document"),
])
def test_what_is_wrong_with_a_package_is_said(tmp_path: Path, files: dict[str, str], code: str) -> None:
    tmp_path.joinpath("x").mkdir()
    package = read_package(world.write(tmp_path / "x", files))
    assert code in {p.code for p in package.problems}
    assert all(p.path for p in package.problems)


def test_there_must_be_something(tmp_path: Path) -> None:
    assert [p.code for p in read_package(tmp_path / "nowhere").problems] == ["not_a_package"]
    (tmp_path / "a.zip").write_bytes(b"not a zip")
    assert [p.code for p in read_package(tmp_path / "a.zip").problems] == ["not_a_package"]


def test_links_in_folders_are_refused(tmp_path: Path) -> None:
    folder = world.write(tmp_path / "a", {"package.yaml": "package: a\nversion: 1.0.0\n"})
    (folder / "entities").mkdir()
    (folder / "entities/x.yaml").symlink_to("/etc/passwd")
    assert [p.code for p in read_package(folder).problems] == ["link"]


@pytest.mark.parametrize("name", ["/etc/x.yaml", "../x.yaml", "a/../../x.yaml", "C:\\x.yaml", "a//b.yaml", "a\x01.yaml", "/".join("a" * 12) + ".yaml"])
def test_names_that_lead_out_of_a_zip_are_refused(tmp_path: Path, name: str) -> None:
    target = tmp_path / "a.zip"
    with zipfile.ZipFile(target, "w") as packed:
        packed.writestr("package.yaml", "package: a\nversion: 1.0.0\n")
        packed.writestr(zipfile.ZipInfo(name), "entity: x\n")
    assert "bad_name" in {p.code for p in read_package(target).problems}


def test_links_doubles_and_bombs_in_a_zip_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "a.zip"
    link = zipfile.ZipInfo("entities/l.yaml")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("package.yaml", "package: a\nversion: 1.0.0\n")
        packed.writestr(link, "/etc/passwd")
        packed.writestr("entities/A.yaml", "entity: a\n")
        packed.writestr("entities/a.yaml", "entity: a\n")
        packed.writestr("assets/bomb.bin", b"\0" * 5_000_000)
    assert {p.code for p in read_package(target).problems} == {"link", "doubled_name", "ratio"}
    monkeypatch.setattr(archive, "MAX_ENTRIES", 2)
    assert "too_large" in {p.code for p in read_package(target).problems}


def test_what_a_zip_says_about_sizes_is_not_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "a.zip"
    with zipfile.ZipFile(target, "w") as packed:
        packed.writestr("package.yaml", "package: a\nversion: 1.0.0\n")
        packed.writestr("entities/a.yaml", "entity: a\n")
    data = bytearray(target.read_bytes())
    at = data.rindex(b"entity") if b"entity" in data else 0
    data[at] ^= 0xFF
    target.write_bytes(bytes(data))
    assert {p.code for p in read_package(target).problems} & {"broken", "not_a_package"}
    monkeypatch.setattr(archive, "MAX_FILE", 4)
    assert {p.code for p in read_package(target).problems} & {"too_large", "broken"}


def test_dependencies_come_first_and_circles_are_named() -> None:
    def package(key: str, *depends: str, version: str = "1.0.0") -> Package:
        return Package(Manifest(key, version, depends=tuple(Dependency(*d.split("@")) for d in depends)))

    known = {p.key: p for p in (package("a", "b", "c"), package("b", "c"), package("c"))}
    assert [p.key for p in in_order(["a"], known)[0]] == ["c", "b", "a"]
    known = {p.key: p for p in (package("a", "b"), package("b", "a"))}
    _found, problems = in_order(["a"], known)
    assert [p.code for p in problems] == ["circular_depends"] and "a → b → a" in str(problems[0].message)
    known = {p.key: p for p in (package("a", "b@>=2.0", "x"), package("b"))}
    assert {p.code for p in in_order(["a"], known)[1]} == {"wrong_version", "unknown_package"}


@pytest.mark.parametrize(("version", "bound", "fit"), [
    ("1.4.0", "", True), ("1.4.0", ">=1.2", True), ("1.1.9", ">=1.2", False), ("2.0.0", "~=1.2", False), ("1.9.0", "~=1.2", True), ("1.4.0", "1.4", True), ("1.4.0", "==1.4.1", False),
    ("10.0.0", ">=9.9.9", True),
])
def test_bounds(version: str, bound: str, fit: bool) -> None:
    assert fits(version, bound) is fit


def test_the_catalogue_names_what_it_does_not_have() -> None:
    with pytest.raises(Invalid) as caught:
        catalogue.load("platfrom")
    assert caught.value.problems[0].code == "unknown_package" and "platform" in str(caught.value.problems[0].hint)


def test_a_directory_is_checked_with_what_it_stands_on(tmp_path: Path) -> None:
    world.write(tmp_path / "work", world.FILES)
    assert tasks.check_directory(tmp_path / "work") == []
    world.write(tmp_path / "more", {"package.yaml": "package: more\nversion: 1.0.0\ndepends: [work]\n", "overlays/a.yaml": "entity: task\nfields: {nmae: {required: true}, extra: text}\n"})
    found = tasks.check_directory(tmp_path / "more")
    assert [(f.code, f.source) for f in found] == [("missing", "more/overlays/a.yaml:2")]


def test_one_file_is_a_small_package() -> None:
    found = read_documents("entity: note\nfields: {text: text}\n---\nlabels: zh\nnote: 笔记\n", "x.yaml")
    assert found.problems == () and len(found.overlay) == 1 and found.labels[0].language == "zh"
