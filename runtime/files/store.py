"""Bytes by content hash: one folder per tenant, never changed once written."""

from __future__ import annotations

import hashlib
import os
import tempfile
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from kernel.errors import NotFound, TooLarge
from kernel.i18n import _
from kernel.platform.ctx import Tenant

CHUNK = 256 * 1024


@dataclass(frozen=True, slots=True)
class Stored:
    """What was written: SHA-256 in hex and size in bytes. ``new``: these bytes were not there before."""

    sha256: str
    size: int
    new: bool = field(default=True, compare=False)


def folder_of(tenant: Tenant) -> str:
    """The folder of a tenant's files: its id, because a later tenant may take over the address."""
    return tenant.id or tenant.slug


class FileStore:
    """The files of all tenants under one root; a backup of a tenant is its folder beside its database."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def put(self, tenant: str, stream: IO[bytes], limit: int) -> Stored:
        """Write a stream of at most ``limit`` bytes; equal content is kept once. Raises TooLarge.

        The bytes are on disk (fsync) before the row that names them can be committed.
        """
        folder = self.root / tenant
        folder.mkdir(parents=True, exist_ok=True)
        digest = hashlib.sha256()
        size = 0
        handle, name = tempfile.mkstemp(dir=folder, prefix=".upload-")
        try:
            with os.fdopen(handle, "wb") as file:
                while chunk := stream.read(CHUNK):
                    size += len(chunk)
                    if size > limit:
                        raise TooLarge(_("The file is larger than {size} MB.", size=limit // 1_000_000), hint=_("Choose a smaller file."))
                    digest.update(chunk)
                    file.write(chunk)
                file.flush()
                os.fsync(file.fileno())
            target = self.path(tenant, digest.hexdigest())
            target.parent.mkdir(exist_ok=True)
            new = not target.exists()
            os.replace(name, target)
            _sync(target.parent)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        return Stored(digest.hexdigest(), size, new)

    def discard(self, tenant: str, stored: Stored) -> None:
        """Take back bytes that turned out to be unusable, unless they were there before."""
        if stored.new:
            self.path(tenant, stored.sha256).unlink(missing_ok=True)

    def drop(self, tenant: str, sha256: str, before: datetime) -> bool:
        """Remove bytes that nobody wrote since ``before``, with their variants; says whether there were any.

        They are moved aside first: an upload of the same content at this very moment puts its own in their place.
        """
        path = self.path(tenant, sha256)
        aside = path.with_name(f".gone-{sha256}")
        try:
            os.replace(path, aside)
        except FileNotFoundError:
            return False
        if datetime.fromtimestamp(aside.stat().st_mtime, UTC) >= before:
            os.replace(aside, path)
            return False
        aside.unlink()
        for variant in path.parent.glob(f"{sha256}.*"):
            variant.unlink(missing_ok=True)
        return True

    def path(self, tenant: str, sha256: str) -> Path:
        """Where bytes with this hash lie."""
        return self.root / tenant / sha256[:2] / sha256

    def open(self, tenant: str, sha256: str, variant: str = "") -> Path:
        """The path of existing bytes, or of a picture's smaller variant. Raises NotFound."""
        path = self.path(tenant, sha256 + (f".{variant}" if variant else ""))
        if not path.is_file():
            raise NotFound()
        return path

    def put_variant(self, tenant: str, sha256: str, variant: str, data: bytes) -> None:
        """Keep a derived picture beside its original; may be made again at any time, so it needs no fsync."""
        target = self.path(tenant, f"{sha256}.{variant}")
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=".variant-")
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.replace(name, target)


def _sync(folder: Path) -> None:
    """Make a new name in a folder last."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
