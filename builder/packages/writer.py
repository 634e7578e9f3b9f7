"""Packages written as files: the same content always gives the same bytes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from builder.layers.change import Change
from builder.packages.package import Package
from kernel.model.document import nest
from kernel.model.elements import KINDS
from kernel.model.props import LABELS, props_of
from kernel.model.tree import Node, Tree, children, uid_of

_FACET = {
    "group": "groups.yaml",
    "option_set": "options/{key}.yaml",
    "calendar": "calendars/{key}.yaml",
    "entity": "entities/{key}.yaml",
    "machine": "workflows/{key}.yaml",
    "form": "forms/{key}.yaml",
    "view": "views/{key}.yaml",
    "role": "roles/{key}.yaml",
    "parameter": "parameters.yaml",
    "clock": "clocks/{key}.yaml",
    "intake": "evidence/{key}.yaml",
    "evidence": "evidence/{key}.yaml",
    "similarity": "similarities/{key}.yaml",
    "automation": "automations/{key}.yaml",
    "notification": "notifications/{key}.yaml",
    "quiet_period": "quiet_periods.yaml",
    "retention": "retention.yaml",
}
_PLAIN = re.compile(r"[A-Za-z_\u4e00-\u9fff][A-Za-z0-9_\u4e00-\u9fff .%/+-]*\Z")
_WORDS = frozenset({"null", "true", "false", "~"})
_WIDTH = 140


def package_files(package: Package) -> dict[str, str]:
    """Every metadata file of a package by its path. Samples and assets are copied by whoever has the folder."""
    manifest = {k: v for k, v in package.manifest.to_json().items() if v not in ([], {}, "")}
    if package.manifest.depends:
        manifest["depends"] = [d.key if not d.version else {"key": d.key, "version": d.version} for d in package.manifest.depends]
    files = {"package.yaml": document_text(manifest)}
    texts: dict[str, list[str]] = {}
    for document in _documents(package.tree, package.key):
        kind = next(iter(document))
        texts.setdefault(_FACET[kind].format(key=document[kind]), []).append(document_text(document))
    for written in package.overlay:
        kind = next(iter(written.body))
        texts.setdefault(f"overlays/{kind}_{written.body[kind]}.yaml", []).append(document_text(written.body))
    for written in package.labels:
        texts.setdefault(f"labels/{written.language}.yaml", []).append(document_text(written.body))
    return files | {name: "---\n".join(parts) for name, parts in sorted(texts.items())}


def write_package(package: Package, folder: Path) -> list[Path]:
    """Write the files into ``folder``; returns them in order. Files that are there and differ are replaced."""
    found = []
    for name, text in package_files(package).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        found.append(path)
    return found


def tree_files(tree: Tree, package: str) -> dict[str, str]:
    """A whole tree (an effective application, say) as the files of one package; labels apart from structure."""
    bare, labels = _without_labels(tree)
    texts: dict[str, list[str]] = {}
    for document in _documents(bare, package):
        kind = next(iter(document))
        texts.setdefault(_FACET[kind].format(key=document[kind]), []).append(document_text(document))
    for language, body in sorted(labels.items()):
        texts.setdefault(f"labels/{language}.yaml", []).append(document_text(body))
    return {name: "---\n".join(parts) for name, parts in sorted(texts.items())}


def overlay_text(changes: Iterable[Change]) -> str:
    """A tenant's overlay as JSON lines: one change a line, so that a difference of two exports reads like a decision."""
    return "".join(json.dumps(c.to_json(), ensure_ascii=False, sort_keys=True) + "\n" for c in changes)


def _documents(tree: Tree, package: str) -> list[dict[str, Any]]:
    """Documents with ``uid`` only where it does not follow from the keys."""
    kept: dict[str, Node] = {}
    for node in tree.values():
        parent = tree.get(node.parent) if node.parent else None
        follows = uid_of(node.kind, node.key, package, parent, node.slot)
        props = dict(node.props)
        if node.uid != follows:
            props = {"uid": node.uid, **props}
        kept[node.uid] = Node(node.uid, node.kind, node.key, node.parent, node.slot, node.rank, props, node.origin)
    return [_short(d) for d in nest(kept)]


def _short(document: dict[str, Any]) -> dict[str, Any]:
    if "machine" in document and "entity" in document:
        return {("on" if k == "entity" else k): v for k, v in document.items()}
    return document


def _without_labels(tree: Tree) -> tuple[dict[str, Node], dict[str, dict[str, Any]]]:
    below = children(tree)
    bare: dict[str, Node] = {}
    found: dict[str, dict[str, Any]] = {}

    def take_in(node: Node) -> dict[str, dict[str, Any]]:
        said: dict[str, dict[str, Any]] = {}
        props = dict(node.props)
        for prop in props_of(KINDS[node.kind]).values():
            texts = props.get(prop.name)
            if prop.schema is LABELS and isinstance(texts, Mapping):
                props.pop(prop.name)
                for language, text in texts.items():
                    said.setdefault(language, {})["_" if prop.name == "labels" else prop.name] = text
        bare[node.uid] = Node(node.uid, node.kind, node.key, node.parent, node.slot, node.rank, props, node.origin)
        for child in below.get(node.uid, ()):
            for language, inner in take_in(child).items():
                said.setdefault(language, {}).setdefault(str(child.slot), {})[child.key] = inner["_"] if set(inner) == {"_"} else inner
        return said

    for top in below.get(None, ()):
        for language, inner in take_in(top).items():
            found.setdefault(language, {})[f"{top.kind}/{top.key}"] = inner["_"] if set(inner) == {"_"} else inner
    return bare, found


# --- YAML ---------------------------------------------------------------------------------------------------------


def document_text(value: Any) -> str:
    """One document. Short mappings and lists stand on one line, long ones below each other; order is kept."""
    return "\n".join(_block(value, 0)) + "\n"


def _block(value: Any, indent: int) -> list[str]:
    pad = " " * indent
    lines: list[str] = []
    for key, inner in value.items():
        head = f"{pad}{_scalar(str(key))}:"
        flow = _flow(inner)
        if len(head) + 1 + len(flow) <= _WIDTH and (indent > 0 or not isinstance(inner, Mapping) or len(inner) <= 3) and "\n" not in flow:
            lines.append(f"{head} {flow}")
        elif isinstance(inner, Mapping) and inner:
            lines += [head, *_block(inner, indent + 2)]
        elif isinstance(inner, (list, tuple)) and inner:
            lines.append(head)
            lines += [f"{pad}  - {_flow(item)}" for item in inner]
        else:
            lines.append(f"{head} {flow}")
    return lines


def _flow(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_scalar(str(k))}: {_flow(v)}" for k, v in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_flow, value)) + "]"
    return _scalar(value)


def _scalar(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return json.dumps(value)
    text = str(value)
    if _PLAIN.match(text) and text.casefold() not in _WORDS and text == text.strip():
        return text
    # JSON's quotes are YAML's double quotes.
    return json.dumps(text, ensure_ascii=False)
