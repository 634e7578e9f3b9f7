"""Static files as one versioned tree: ``/static/<hash of everything>/js/app.js``.

The hash stands in the path, not in the query, because JavaScript modules import each other by relative path: a page that
loaded one version gets all its modules from that version, and every file may be cached for ever.
All style sheets are joined into one bundle at start; scripts stay single files and load when an element asks for them.
"""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType

from flask import Flask, Response, abort, request
from markupsafe import Markup, escape

BUNDLE = "css/app.css"
# The order of the cascade: variables, elements, layout, then families. Files of other owners follow by name.
_CSS_ORDER = (
    "tokens", "base", "layout", "nav", "buttons", "marks", "forms", "lists", "record", "board", "timeline", "dialog", "feedback", "designer",
)
_TYPES = MappingProxyType({".js": "text/javascript", ".mjs": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml",
                           ".json": "application/json", ".webmanifest": "application/manifest+json", ".wasm": "application/wasm",
                           ".woff2": "font/woff2", ".lock": "application/json", ".LICENSE": "text/plain"})
_COMPRESSIBLE = ("text/", "application/json", "application/manifest+json", "image/svg+xml")
_SYMBOL = re.compile(rb'<symbol id="([\w-]+)"')
_FALLBACK_ICON = "point-filled"


class Assets:
    """The files below ``static_dirs``, joined into one tree.

    A relative path that exists in two directories is an error at start (ValueError), as is an empty tree. With ``reload``
    the tree is read again whenever a file changed (development). Contents are kept in memory: some hundred kB.
    """

    def __init__(self, static_dirs: Iterable[Path | str], *, prefix: str = "/static", reload: bool = False) -> None:
        self.dirs = tuple(Path(d) for d in static_dirs)
        self.prefix = prefix.rstrip("/")
        self._reload = reload
        self._stamp: tuple[tuple[str, int, int], ...] = ()
        self._load()

    @property
    def version(self) -> str:
        """The hash of all files, 12 hexadecimal digits."""
        self._refresh()
        return self._version

    def url(self, name: str) -> str:
        """The address of ``name`` (``js/app.js``); KeyError for a file that doesn't exist, so that a typing error shows at once."""
        self._refresh()
        if name not in self._files:
            raise KeyError(f"no static file named {name!r} in {', '.join(map(str, self.dirs))}")
        return f"{self.prefix}/{self._version}/{name}"

    def read(self, name: str) -> bytes | None:
        """The content of ``name``, or None."""
        self._refresh()
        return self._files.get(name)

    def names(self) -> tuple[str, ...]:
        """All names, sorted."""
        self._refresh()
        return tuple(sorted(self._files))

    @property
    def icon_names(self) -> frozenset[str]:
        """The names that ``icon()`` knows."""
        self._refresh()
        return self._icons

    def icon(self, name: str, size: int = 18) -> Markup:
        """The icon ``name`` from the sprite, hidden from screen readers (words stand beside it or in a label).

        Metadata name icons too; an unknown name shows a dot instead of breaking the page.
        """
        self._refresh()
        found = self._drawn.get((name, size))
        if found is None:
            found = self._drawn[name, size] = self._draw(name if name in self._icons else _FALLBACK_ICON, size)
        return found

    def _draw(self, known: str, size: int) -> Markup:
        size_class = "" if size == 18 else f" icon-{int(size)}"
        return Markup('<svg class="icon{}" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>').format(
            size_class, self.url("icons/icons.svg"), escape(known)
        )

    def _load(self) -> None:
        self._stamp = self._fingerprint()
        files: dict[str, bytes] = {}
        for directory in self.dirs:
            for path in sorted(p for p in directory.rglob("*") if p.is_file() and not p.name.startswith(".")):
                name = path.relative_to(directory).as_posix()
                if name in files:
                    raise ValueError(f"static file {name!r} exists twice, the second time in {directory}")
                files[name] = path.read_bytes()
        if not files:
            raise ValueError(f"no static files below {', '.join(map(str, self.dirs))}")
        files[BUNDLE] = _bundle(files)
        digest = hashlib.sha256()
        for name in sorted(files):
            digest.update(name.encode() + b"\0" + hashlib.sha256(files[name]).digest())
        self._files: Mapping[str, bytes] = MappingProxyType(files)
        self._gzipped: dict[str, bytes] = {}
        self._drawn: dict[tuple[str, int], Markup] = {}
        self._version = digest.hexdigest()[:12]
        self._icons = frozenset(m.decode() for m in _SYMBOL.findall(files.get("icons/icons.svg", b"")))

    def _refresh(self) -> None:
        if self._reload and self._fingerprint() != self._stamp:
            self._load()

    def _fingerprint(self) -> tuple[tuple[str, int, int], ...]:
        stats = ((str(p), p.stat()) for d in self.dirs for p in d.rglob("*") if p.is_file())
        return tuple(sorted((name, s.st_mtime_ns, s.st_size) for name, s in stats))

    def respond(self, version: str, name: str) -> Response:
        """The answer to a request for ``name`` as of ``version``.

        A page that is still open after an update asks for an older version; it gets today's file, uncached.
        """
        data = self.read(name)
        if data is None:
            abort(404)
        mimetype = _TYPES.get(Path(name).suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
        response = Response(mimetype=mimetype)
        if mimetype.startswith(_COMPRESSIBLE):
            response.vary.add("Accept-Encoding")
            if "gzip" in request.headers.get("Accept-Encoding", ""):
                if name not in self._gzipped:
                    self._gzipped[name] = gzip.compress(data, 9, mtime=0)
                data = self._gzipped[name]
                response.content_encoding = "gzip"
        response.set_data(data)
        current = version == self._version
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if current else "no-cache"
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response


def _bundle(files: Mapping[str, bytes]) -> bytes:
    """All style sheets in the order of the cascade."""
    sheets = [name for name in files if name.startswith("css/") and name.endswith(".css")]
    rank = {f"css/{stem}.css": index for index, stem in enumerate(_CSS_ORDER)}
    sheets.sort(key=lambda name: (rank.get(name, len(rank)), name))
    return b"\n".join(b"/* " + name.encode() + b" */\n" + files[name].strip() for name in sheets) + b"\n"


def install(app: Flask, assets: Assets) -> None:
    """Serves ``assets`` and gives templates ``asset(name)`` and ``icon(name, size=18)``."""

    def static_file(version: str, name: str) -> Response:
        return assets.respond(version, name)

    app.add_url_rule(f"{assets.prefix}/<version>/<path:name>", "static_file", static_file, methods=["GET"])
    app.extensions["assets"] = assets
    app.jinja_env.globals["asset"] = assets.url
    app.jinja_env.globals["icon"] = assets.icon
