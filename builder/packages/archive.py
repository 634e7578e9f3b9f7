"""A package's files, from a folder or a zip, within limits: entries, sizes, ratio, names, links (SAFETY D22)."""

from __future__ import annotations

import io
import re
import stat
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol

from kernel.errors import Problem
from kernel.i18n import Text, _

MAX_ENTRIES = 5_000
MAX_FILE = 20_000_000
MAX_TOTAL = 200_000_000
# Deflate of text seldom beats 20; a bomb has thousands. Small files may compress as well as they like.
MAX_RATIO = 200
FREE_RATIO = 100_000
_NAME = re.compile(r"[^\x00-\x1f\\:*?\"<>|]{1,120}\Z")


class Asset(Protocol):
    """A file of the package that is not metadata; a ``Path`` is one."""

    @property
    def name(self) -> str: ...

    @property
    def open(self) -> Any:
        """Called with ``"rb"`` it gives a binary stream, to be used in a ``with`` block."""


class Files:
    """The files of one package by relative path, in order. Use it in a ``with`` block."""

    def __init__(self) -> None:
        self.names: tuple[str, ...] = ()
        self.problems: list[Problem] = []

    def read(self, name: str) -> bytes:
        """The bytes of a file; at most ``MAX_FILE``."""
        raise NotImplementedError

    def asset(self, name: str) -> Asset:
        raise NotImplementedError

    def _refuse(self, code: str, name: str, message: Text, hint: Text | None = None) -> None:
        self.problems.append(Problem(code, message, name, hint))


@contextmanager
def open_files(place: Path) -> Iterator[Files]:
    """The files of a folder or a zip file."""
    if place.is_dir():
        yield _Folder(place)
        return
    found = _Zip(place)
    try:
        yield found
    finally:
        found.close()


def _name_problem(name: str) -> Text | None:
    parts = name.split("/")
    if name.startswith("/") or any(p in ("", ".", "..") for p in parts):
        return _("This file name leads out of the package.")
    if len(parts) > 8 or not all(_NAME.match(p) for p in parts):
        return _("This file name is not allowed.")
    return None


class _Folder(Files):
    def __init__(self, root: Path) -> None:
        super().__init__()
        self.root = root
        names: list[str] = []
        total = 0
        for path in sorted(root.rglob("*")):
            name = path.relative_to(root).as_posix()
            if any(part.startswith(".") for part in name.split("/")):
                continue  # an editor's or a version control's own
            if path.is_symlink():
                self._refuse("link", name, _("Links are not allowed in a package."), _("Put the file itself there."))
                continue
            if path.is_dir():
                continue
            size = path.stat().st_size
            total += size
            if size > MAX_FILE:
                self._refuse("too_large", name, _("This file is larger than {n} MB.", n=MAX_FILE // 1_000_000))
                continue
            names.append(name)
            if len(names) > MAX_ENTRIES or total > MAX_TOTAL:
                self._refuse("too_large", name, _("The package is too large."), _("Leave out what it does not need."))
                break
        self.names = tuple(names)

    def read(self, name: str) -> bytes:
        return (self.root / name).read_bytes()

    def asset(self, name: str) -> Asset:
        return self.root / name  # a path opens and has a name


@dataclass(frozen=True)
class ZipAsset:
    """A file inside of a zip."""

    archive: Path
    entry: str

    @property
    def name(self) -> str:
        return self.entry.rsplit("/", 1)[-1]

    def open(self, mode: str = "rb") -> IO[bytes]:
        if mode != "rb":
            raise ValueError("a package is read only")
        with zipfile.ZipFile(self.archive) as opened:
            return io.BytesIO(_bounded(opened, self.entry))


class _Zip(Files):
    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self.archive: zipfile.ZipFile | None = None
        self.entries: Mapping[str, str] = {}
        try:
            self.archive = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, OSError) as error:
            self._refuse("not_a_package", path.name, _("This is neither a folder nor a zip file."), _("Choose the folder that holds package.yaml."))
            del error
            return
        self._list(self.archive)

    def _list(self, archive: zipfile.ZipFile) -> None:
        infos = [i for i in archive.infolist() if not i.is_dir()]
        if len(infos) > MAX_ENTRIES:
            self._refuse("too_large", self.path.name, _("The package has more than {n} files.", n=MAX_ENTRIES))
            return
        entries: dict[str, str] = {}
        total = 0
        base = _common_folder([i.filename for i in infos])
        for info in infos:
            name = info.filename.removeprefix(base)
            wrong = _name_problem(name)
            total += info.file_size
            if wrong is not None:
                self._refuse("bad_name", info.filename, wrong)
            elif stat.S_ISLNK(info.external_attr >> 16):
                self._refuse("link", name, _("Links are not allowed in a package."), _("Put the file itself there."))
            elif name.casefold() in {n.casefold() for n in entries}:
                self._refuse("doubled_name", name, _("This file stands in the package twice."))
            elif info.flag_bits & 1:
                self._refuse("encrypted", name, _("The file is encrypted."))
            elif info.file_size > MAX_FILE or total > MAX_TOTAL:
                self._refuse("too_large", name, _("The package is too large."), _("Leave out what it does not need."))
            elif info.file_size > FREE_RATIO and info.file_size > MAX_RATIO * max(info.compress_size, 1):
                self._refuse("ratio", name, _("This file is packed suspiciously tight."))
            elif not any(part.startswith(".") for part in name.split("/")):
                entries[name] = info.filename
        self.entries = entries
        self.names = tuple(sorted(entries))

    def read(self, name: str) -> bytes:
        assert self.archive is not None
        try:
            return _bounded(self.archive, self.entries[name])
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
            self._refuse("broken", name, _("The file can't be unpacked: {why}", why=str(error)))
            return b""

    def asset(self, name: str) -> Asset:
        return ZipAsset(self.path, self.entries[name])

    def close(self) -> None:
        if self.archive is not None:
            self.archive.close()


def _bounded(archive: zipfile.ZipFile, entry: str) -> bytes:
    """The unpacked bytes; what the directory says about the size is not believed."""
    with archive.open(entry) as stream:
        data = stream.read(MAX_FILE + 1)
    if len(data) > MAX_FILE:
        raise zipfile.BadZipFile("larger than its directory says")
    return data


def _common_folder(names: list[str]) -> str:
    """A zip of a folder holds that folder; ``package.yaml`` says where the package begins."""
    found = sorted((n for n in names if n.rsplit("/", 1)[-1] == "package.yaml"), key=lambda n: n.count("/"))
    return found[0].removesuffix("package.yaml") if found and found[0].count("/") <= 1 else ""
