"""What a file is, by its first bytes, never by its name; what is not known here is refused or only ever downloaded."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from kernel.errors import Invalid, Problem
from kernel.i18n import _


@dataclass(frozen=True, slots=True)
class Media:
    """A kind of file. ``inline`` may be shown in a page, everything else is downloaded; ``picture`` can be decoded."""

    type: str
    extension: str
    inline: bool = False
    picture: bool = False


JPEG = Media("image/jpeg", "jpg", inline=True, picture=True)
PNG = Media("image/png", "png", inline=True, picture=True)
WEBP = Media("image/webp", "webp", inline=True, picture=True)
GIF = Media("image/gif", "gif", inline=True, picture=True)
PDF = Media("application/pdf", "pdf")
ZIP = Media("application/zip", "zip")
MP3 = Media("audio/mpeg", "mp3", inline=True)
WAV = Media("audio/wav", "wav", inline=True)
M4A = Media("audio/mp4", "m4a", inline=True)
MP4 = Media("video/mp4", "mp4", inline=True)
OGG = Media("audio/ogg", "ogg", inline=True)
OLE = Media("application/x-ole-storage", "doc")
TEXT = Media("text/plain", "txt")
CSV = Media("text/csv", "csv")
OFFICE = {
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
}
OLD_OFFICE = {"doc": "application/msword", "xls": "application/vnd.ms-excel", "ppt": "application/vnd.ms-powerpoint"}
_ACTIVE = re.compile(rb"<\s*(svg|html|!doctype|script|\?xml|body|head|iframe)", re.IGNORECASE)


def recognise(head: bytes, name: str) -> Media:
    """The kind of a file by its first 4 kB; the name only tells apart what has the same container.

    Raises Invalid for empty files, pictures no browser or decoder here can read (HEIC) and active content (SVG, HTML).
    """
    extension = name.rsplit(".", 1)[-1].lower() if "." in name else ""
    if not head:
        raise _refused("empty_file", _("The file is empty."), _("Choose it again."))
    if head.startswith(b"\xff\xd8\xff"):
        return JPEG
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return PNG
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return WEBP
    if head[:6] in (b"GIF87a", b"GIF89a"):
        return GIF
    if head.startswith(b"%PDF-"):
        return PDF
    if head.startswith(b"PK\x03\x04"):
        return Media(OFFICE[extension], extension) if extension in OFFICE else ZIP
    if head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return Media(OLD_OFFICE[extension], extension) if extension in OLD_OFFICE else OLE
    if head[4:8] == b"ftyp":
        return _iso_media(head[8:12])
    if head.startswith(b"ID3") or head[:2] in (b"\xff\xfb", b"\xff\xf3", b"\xff\xf2"):
        return MP3
    if head[:4] == b"RIFF" and head[8:12] == b"WAVE":
        return WAV
    if head.startswith(b"OggS"):
        return OGG
    return _text(head, extension)


def _iso_media(brand: bytes) -> Media:
    if brand in (b"heic", b"heix", b"mif1", b"msf1", b"hevc", b"avif"):
        raise _refused(
            "heic",
            _("Pictures in HEIC format can't be read here."),
            _("On the phone choose “most compatible” in the camera settings, or take the picture from this page."),
        )
    return M4A if brand.startswith(b"M4A") else MP4


def _text(head: bytes, extension: str) -> Media:
    if _ACTIVE.search(head[:1024]):
        raise _refused("active_file", _("Files with active content (HTML, SVG, XML) are not accepted."), _("Send it as PDF or as a picture."))
    if b"\x00" in head:
        raise _refused("unknown_file", _("This kind of file is not accepted."), _("Accepted: pictures, PDF, Office files, text, CSV, audio, video, ZIP."))
    return CSV if extension == "csv" else TEXT


def _refused(code: str, message: object, hint: object) -> Invalid:
    return Invalid([Problem(code, message, "file", hint)])  # type: ignore[arg-type]


def clean_name(name: str) -> str:
    """A file name that is safe to show and to offer for download: no path, no control or direction characters."""
    base = re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1]
    base = "".join(c for c in base if unicodedata.category(c)[0] != "C").strip(". ")
    return (base or "file")[-120:]
