"""Pictures are decoded in a child process with little memory and time: a hostile one kills only that process (D34).

Run as ``python -m runtime.files.pictures``: reads a picture from standard input, writes one line of JSON
(``width``, ``height``, ``taken_at``, ``offset``, ``sizes`` of what follows) and then a preview and a thumbnail as JPEG.
Both are upright and carry no metadata, so that places stay private; the original is kept untouched.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kernel.errors import Invalid, Problem
from kernel.i18n import _

MAX_PIXELS = 60_000_000
MEMORY = 1_500_000_000
SECONDS = 20
SIZES = {"preview": 1600, "thumb": 320}
_ROOT = Path(__file__).resolve().parent.parent.parent


@dataclass(frozen=True, slots=True)
class Picture:
    """What the decoder found. ``meta`` holds the camera's own time (local, as written) where there is one."""

    width: int
    height: int
    variants: Mapping[str, bytes]
    meta: Mapping[str, Any] = field(default_factory=dict)


def decode(path: Path) -> Picture:
    """Read a picture of any orientation. Raises Invalid when it is broken, too large or takes too long."""
    try:
        with path.open("rb") as stream:
            done = subprocess.run(
                [sys.executable, "-m", "runtime.files.pictures"],
                stdin=stream,
                capture_output=True,
                timeout=SECONDS,
                cwd=_ROOT,
                env={"PYTHONPATH": str(_ROOT), "PATH": "/usr/bin:/bin"},
                check=False,
            )
    except subprocess.TimeoutExpired:
        raise _unreadable() from None
    if done.returncode != 0:
        raise _unreadable()
    head, rest = done.stdout.split(b"\n", 1)
    found = json.loads(head)
    variants = {}
    for name, size in found.pop("sizes").items():
        variants[name], rest = rest[:size], rest[size:]
    return Picture(found.pop("width"), found.pop("height"), variants, found)


def _unreadable() -> Invalid:
    return Invalid(
        [Problem("bad_picture", _("This picture can't be read."), "file", _("Take it again, or choose another one (JPEG, PNG, WebP, at most 60 megapixels)."))]
    )


def _child() -> None:
    import io
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    import warnings

    from PIL import Image, ImageOps

    Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    data = sys.stdin.buffer.read()
    picture = Image.open(io.BytesIO(data), formats=["JPEG", "PNG", "WEBP", "GIF"])
    exif = picture.getexif()
    camera = exif.get_ifd(0x8769)
    meta = {"taken_at": camera.get(0x9003), "offset": camera.get(0x9011)}
    size = picture.size  # before the draft, which reads large photographs at a fraction of their size
    picture.draft("RGB", (SIZES["preview"] * 2, SIZES["preview"] * 2))
    upright = ImageOps.exif_transpose(picture).convert("RGB")
    upright.info.clear()  # a comment would be copied along
    width, height = size if exif.get(0x0112, 1) < 5 else size[::-1]
    outputs: dict[str, bytes] = {}
    for name, side in SIZES.items():
        small = upright.copy()
        small.thumbnail((side, side))
        out = io.BytesIO()
        small.save(out, "JPEG", quality=82)
        outputs[name] = out.getvalue()
    head = {"width": width, "height": height, "sizes": {k: len(v) for k, v in outputs.items()}, **{k: text for k, v in meta.items() if (text := _plain(v))}}
    sys.stdout.buffer.write(json.dumps(head).encode() + b"\n" + b"".join(outputs.values()))


def _plain(value: Any) -> str:
    """A camera's word as it may be kept: short and printable."""
    return "".join(c for c in str(value or "")[:40] if c.isprintable()).strip()


if __name__ == "__main__":
    _child()
