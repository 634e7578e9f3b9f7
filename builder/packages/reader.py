"""Files to packages: everything that can be read, and every mistake with file and line, all at once."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from builder.packages.archive import Files, open_files
from builder.packages.package import Dependency, Manifest, Package, Written
from builder.packages.yaml_reader import Read, read_yaml
from kernel.errors import Problem
from kernel.i18n import Text, _
from kernel.model.document import Lines, flatten
from kernel.model.elements import Sample
from kernel.model.schemas import KEY_PATTERN, nearest_hint, normal
from kernel.model.tree import Node, Source

FACETS = (
    "groups", "options", "calendars", "entities", "workflows", "forms", "views", "roles", "parameters", "clocks", "evidence", "similarities", "automations", "notifications", "quiet_periods",
    "retention", "samples", "overlays", "labels", "assets",
)
"""Folders of a package; those of documents in the order in which they are read. A file of the same name counts, too."""

VERSION = re.compile(r"[0-9]{1,6}\.[0-9]{1,6}\.[0-9]{1,6}\Z")
BOUND = re.compile(r"(?:>=|==|~=)?\s*[0-9]{1,6}(?:\.[0-9]{1,6}){0,2}\Z")
LANGUAGE = re.compile(r"[a-z]{2}(-[A-Za-z]+)?\Z")
_MANIFEST = ("package", "version", "kind", "depends", "languages", "labels", "help")
_FREE = frozenset({"README.md", "README.zh-CN.md", "LICENSE", "CHANGELOG.md"})


def read_package(place: Path | str) -> Package:
    """The package in a folder or zip file; ``problems`` lists all that is wrong with it as a package.

    What it means together with the packages it stands on is the matter of builder.layers.resolve.
    """
    place = Path(place)
    problems: list[Problem] = []
    if not place.exists():
        return _broken(place, [Problem("not_a_package", _("There is no such folder or file."), str(place))])
    with open_files(place) as files:
        problems += files.problems
        files.problems = []
        if "package.yaml" not in files.names:
            if not problems:
                problems.append(
                    Problem(
                        "no_manifest", _("package.yaml is missing."), place.name, _("Every package says in package.yaml what it is called and what it needs.")
                    )
                )
            return _broken(place, problems)
        manifest = _manifest(read_yaml(files.read("package.yaml"), "package.yaml"), place, problems)
        collected = _Collector(manifest.key, problems)
        for name in _in_order(files, problems):
            collected.file(name, files.read(name))
        assets = {n: files.asset(n) for n in files.names if n.startswith("assets/")}
        # Named as samples name them: the path inside of assets, and the path from the package's root.
        assets |= {n.removeprefix("assets/"): a for n, a in assets.items()}
        problems += files.problems
    return replace(collected.package(manifest), assets=assets, problems=tuple(problems))


def read_documents(text: str | bytes, file: str, package: str = "tenant") -> Package:
    """One YAML file as a small package of its own: the documents of one tenant's addition."""
    problems: list[Problem] = []
    collected = _Collector(package, problems)
    collected.documents(read_yaml(text, file), overlay=True)
    return replace(collected.package(Manifest(package, "0.0.0", "addition")), problems=tuple(problems))


def _broken(place: Path, problems: list[Problem]) -> Package:
    return Package(Manifest(re.sub(r"[^a-z0-9_]", "_", place.stem.lower()) or "package", "0.0.0"), problems=tuple(problems))


def _in_order(files: Files, problems: list[Problem]) -> list[str]:
    found: list[tuple[int, str]] = []
    for name in files.names:
        facet = name.split("/", 1)[0].removesuffix(".yaml").removesuffix(".yml")
        if name == "package.yaml" or name in _FREE or facet == "assets":
            continue
        if not name.endswith((".yaml", ".yml")):
            problems.append(Problem("unknown_file", _("This file does not belong into a package."), name, _("Only YAML files, and other files under assets/.")))
        elif facet not in FACETS:
            problems.append(
                Problem(
                    "unknown_file",
                    _("“{name}” is no part of a package.", name=name.split("/", 1)[0]),
                    name,
                    nearest_hint(facet, FACETS) or _("Known parts: {names}.", names=list(FACETS)),
                )
            )
        else:
            found.append((FACETS.index(facet), name))
    return [name for _order, name in sorted(found)]


class _Collector:
    """Gathers the documents of all files."""

    def __init__(self, package: str, problems: list[Problem]) -> None:
        self.key = package
        self.problems = problems
        self.tree: dict[str, Node] = {}
        self.overlay: list[Written] = []
        self.labels: list[Written] = []
        self.samples: list[Sample] = []
        self.count = 0

    def file(self, name: str, source: bytes) -> None:
        read = read_yaml(source, name)
        if name.startswith("labels/"):
            self._label_file(read, name)
        else:
            self.documents(read, overlay=name.startswith("overlays"))

    def _label_file(self, read: Read, name: str) -> None:
        self.problems += read.problems
        language = Path(name).stem
        if not LANGUAGE.match(language):
            self.problems.append(Problem("bad_language", _("“{name}” is not a language.", name=language), name, _("Name the file after it: labels/zh.yaml.")))
            return
        for body in read.documents:
            if not isinstance(body, Mapping):
                self.problems.append(Problem("bad_document", _("A mapping is expected here."), f"{name}:1"))
                continue
            self.labels.append(Written({k: v for k, v in body.items() if k != "labels"}, read.lines.at(body), language, read.lines))

    def documents(self, read: Read, *, overlay: bool = False) -> None:
        """Sort the documents of a file. Those of overlays wait for the packages below."""
        self.problems += read.problems
        for document in read.documents:
            if not isinstance(document, Mapping):
                self.problems.append(Problem("bad_document", _("A document must be a mapping that starts with its kind."), f"{read.lines.file}:1"))
            elif "labels" in document and isinstance(document["labels"], str):
                self.labels.append(Written({k: v for k, v in document.items() if k != "labels"}, read.lines.at(document), document["labels"], read.lines))
            elif overlay and "sample" not in document:
                self.overlay.append(Written(document, read.lines.at(document), lines=read.lines))
            else:
                self._own(document, read.lines)

    def _own(self, document: Mapping[str, Any], lines: Lines) -> None:
        nodes = flatten(document, self.key, lines, self.problems, self.count)
        self.count += 1
        for uid, node in nodes.items():
            if node.kind == "sample":
                self._sample(node)
            elif uid in self.tree:
                first = self.tree[uid].source
                self.problems.append(
                    Problem(
                        "twice",
                        _("“{key}” is defined twice; first in {place}.", key=node.key, place=str(first or "")),
                        str(node.source or ""),
                        _("Remove one of the two."),
                    )
                )
            else:
                self.tree[uid] = replace(node, props=normal(node.kind, node.props))

    def _sample(self, node: Node) -> None:
        extra = sorted(set(node.props) - {"steps", "labels", "help", "aliases"})
        steps = node.props.get("steps") or []
        if extra:
            self.problems.append(
                Problem("unknown_key", _("“{name}” is not known here.", name=extra[0]), str(node.source or ""), nearest_hint(extra[0], ("steps",)))
            )
        if not isinstance(steps, Sequence) or isinstance(steps, str) or not all(isinstance(s, Mapping) for s in steps):
            self.problems.append(Problem("bad_sample", _("“steps” must be a list of steps."), str(node.source or "")))
            return
        self.samples.append(Sample(uid=node.uid, key=node.key, rank=node.rank, origin=node.origin, steps=tuple(steps)))

    def package(self, manifest: Manifest) -> Package:
        return Package(manifest, self.tree, tuple(self.overlay), tuple(self.labels), tuple(self.samples))


def _manifest(read: Read, place: Path, problems: list[Problem]) -> Manifest:
    problems += read.problems
    given = read.documents[0] if read.documents and isinstance(read.documents[0], Mapping) else {}
    where = str(Source("package.yaml", 1))

    def wrong(code: str, message: Text, hint: Text | None = None) -> None:
        problems.append(Problem(code, message, where, hint))

    for extra in sorted(set(given) - set(_MANIFEST)):
        wrong("unknown_key", _("“{name}” is not known here.", name=extra), nearest_hint(extra, _MANIFEST) or _("Known here: {names}.", names=list(_MANIFEST)))
    key = given.get("package")
    if not isinstance(key, str) or not KEY_PATTERN.match(key):
        wrong("bad_key", _("“package” must be the key of the package."), _("Use small letters, digits and _, starting with a letter, at most 50."))
        key = re.sub(r"[^a-z0-9_]", "_", place.stem.lower()) or "package"
    version = given.get("version")
    if not isinstance(version, str) or not VERSION.match(version):
        wrong("bad_version", _("“version” must be three numbers."), _("For example 1.0.0."))
        version = "0.0.0"
    kind = given.get("kind", "module")
    if kind not in ("module", "industry"):
        wrong("bad_kind", _("“kind” must be module or industry."))
        kind = "module"
    languages = given.get("languages") or []
    if not isinstance(languages, list) or not all(isinstance(x, str) and LANGUAGE.match(x) for x in languages):
        wrong("bad_language", _("“languages” must be a list such as [zh, en]."))
        languages = []
    return Manifest(
        key, version, kind, tuple(_depends(given.get("depends"), wrong)), tuple(languages), _texts(given, "labels", wrong), _texts(given, "help", wrong)
    )


def _depends(given: Any, wrong: Any) -> list[Dependency]:
    found: list[Dependency] = []
    if given is None:
        return found
    for item in given if isinstance(given, list) else [given]:
        key, version = (item, "") if isinstance(item, str) else (item.get("key"), item.get("version", "")) if isinstance(item, Mapping) else (None, "")
        version = "" if version is None else str(version)
        if not isinstance(key, str) or not KEY_PATTERN.match(key) or (version and not BOUND.match(version)):
            wrong("bad_dependency", _("An entry of “depends” can't be read."), _('Write a key, or {key: name, version: ">=1.0"}.'))
        elif key in {d.key for d in found}:
            wrong("bad_dependency", _("“depends” names {key} twice.", key=key))
        else:
            found.append(Dependency(key, version))
    return found


def _texts(given: Mapping[str, Any], name: str, wrong: Any) -> dict[str, str]:
    texts = given.get(name) or {}
    if not isinstance(texts, Mapping) or not all(isinstance(v, str) and LANGUAGE.match(k) for k, v in texts.items()):
        wrong("bad_labels", _("“{name}” must be texts by language.", name=name), _("For example {example}.", example="{zh: ..., en: ...}"))
        return {}
    return dict(texts)
