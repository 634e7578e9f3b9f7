"""A package as a value: its manifest, its own elements, its changes to others, labels, samples, files, problems."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from builder.packages.archive import Asset
from kernel.errors import Problem
from kernel.i18n import Labels
from kernel.model.elements import Sample
from kernel.model.tree import Source, Tree, from_json, to_json
from kernel.platform.jsonvalues import canonical, dumps, loads


@dataclass(frozen=True, slots=True)
class Dependency:
    """A package this one stands on; ``version`` is empty or a bound such as ``>=1.2``."""

    key: str
    version: str = ""


@dataclass(frozen=True)
class Manifest:
    """What package.yaml says."""

    key: str
    version: str
    kind: str = "module"
    depends: tuple[Dependency, ...] = ()
    languages: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    help: Mapping[str, str] = field(default_factory=dict)

    @property
    def label(self) -> Labels:
        return Labels(self.labels, self.key.replace("_", " ").capitalize())

    def to_json(self) -> dict[str, Any]:
        return {
            "package": self.key,
            "version": self.version,
            "kind": self.kind,
            "depends": [{"key": d.key, "version": d.version} for d in self.depends],
            "languages": list(self.languages),
            "labels": dict(self.labels),
            "help": dict(self.help),
        }


@dataclass(frozen=True)
class Written:
    """A document as it was written, and where: of an overlay or of labels (then ``language`` is set)."""

    body: Mapping[str, Any]
    source: Source | None = field(default=None, compare=False)
    language: str = ""
    lines: Any = field(default=None, compare=False, repr=False)


@dataclass(frozen=True)
class Package:
    """One version of a package. Two with the same content have the same ``hash``; samples and files do not count."""

    manifest: Manifest
    tree: Tree = field(default_factory=dict)
    overlay: tuple[Written, ...] = ()
    labels: tuple[Written, ...] = ()
    samples: tuple[Sample, ...] = ()
    assets: Mapping[str, Asset] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()

    @property
    def key(self) -> str:
        return self.manifest.key

    @property
    def version(self) -> str:
        return self.manifest.version

    def to_json(self) -> dict[str, Any]:
        """What the store keeps of it. Written documents are kept as text: their order matters, and JSONB forgets it."""
        return {
            "manifest": self.manifest.to_json(),
            "tree": to_json(self.tree),
            "overlay": [dumps(w.body) for w in self.overlay],
            "labels": [[w.language, dumps(w.body)] for w in self.labels],
        }

    @cached_property
    def hash(self) -> str:
        """SHA-256 of the content that matters to an application."""
        return hashlib.sha256(canonical(self.to_json()).encode()).hexdigest()


def package_from_json(stored: Mapping[str, Any]) -> Package:
    """The package of what :meth:`Package.to_json` gave."""
    manifest = stored["manifest"]
    return Package(
        Manifest(
            manifest["package"],
            manifest["version"],
            manifest["kind"],
            tuple(Dependency(d["key"], d["version"]) for d in manifest["depends"]),
            tuple(manifest["languages"]),
            manifest["labels"],
            manifest["help"],
        ),
        from_json(stored["tree"]),
        tuple(Written(loads(body)) for body in stored["overlay"]),
        tuple(Written(loads(body), language=language) for language, body in stored["labels"]),
    )
