"""Pictures without what tells where they were taken, every pixel untouched (D34).

Formats are rewritten piece by piece: what may hold a place goes (position in EXIF, maker's notes, XMP, IPTC, comments, whatever hangs
behind the picture), what a viewer needs stays (orientation, time, colour profile, animation).
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping

GPS, MAKER_NOTE, USER_COMMENT = 0x8825, 0x927C, 0x9286
_SUB_IFDS = frozenset({0x8769, 0xA005, 0x014A})  # EXIF, interoperability, further pictures
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}
_MOST_IFDS = 64
# A place may be written in words, too: captions, descriptions, names of places.
_WORDS = frozenset({0x010E, 0x9C9B, 0x9C9C, 0x9C9F, USER_COMMENT})


class Unreadable(ValueError):
    """The picture is not built as its format says."""


def without_position(data: bytes, media_type: str) -> bytes:
    """The same picture without its position. Raises Unreadable, also for a format that is not known here."""
    strip = _FORMATS.get(media_type)
    if strip is None:
        raise Unreadable(media_type)
    try:
        return strip(data)
    except (struct.error, IndexError, RecursionError) as error:
        raise Unreadable(str(error)) from error


# --- EXIF -------------------------------------------------------------------------------------------------------------


def blank_exif(tiff: bytes) -> bytes:
    """An EXIF block of the same length whose position, maker's notes and words are zeros; offsets of everything else stand."""
    out = bytearray(tiff)
    order = {b"II": "<", b"MM": ">"}.get(bytes(tiff[:2]))
    if order is None or len(tiff) < 8:
        raise Unreadable("no TIFF header")
    pending, seen = [struct.unpack_from(f"{order}I", tiff, 4)[0]], set()
    while pending:
        at = pending.pop()
        if at == 0 or at in seen:
            continue
        seen.add(at)
        if len(seen) > _MOST_IFDS:
            raise Unreadable("too many directories")
        pending += _blank_ifd(out, tiff, order, at)
    return bytes(out)


def _blank_ifd(out: bytearray, tiff: bytes, order: str, at: int) -> list[int]:
    """Blank what is to go in one directory; returns where further ones stand."""
    (count,) = struct.unpack_from(f"{order}H", tiff, at)
    further = []
    for n in range(count):
        entry = at + 2 + 12 * n
        tag, kind, amount = struct.unpack_from(f"{order}HHI", tiff, entry)
        size = _SIZES.get(kind, 1) * amount
        inline = size <= 4
        (value,) = struct.unpack_from(f"{order}I", tiff, entry + 8)
        if tag == GPS:
            _erase_ifd(out, tiff, order, value)
        elif tag in _SUB_IFDS:
            further += [value] if inline else list(struct.unpack_from(f"{order}{amount}I", tiff, value))[:_MOST_IFDS]
        elif tag == MAKER_NOTE or tag in _WORDS:
            _zero(out, entry + 8 if inline else value, size)
    end = at + 2 + 12 * count
    if end + 4 <= len(tiff):
        further.append(struct.unpack_from(f"{order}I", tiff, end)[0])
    return further


def _erase_ifd(out: bytearray, tiff: bytes, order: str, at: int) -> None:
    """A directory that has no entries any more, and nothing of theirs left behind."""
    (count,) = struct.unpack_from(f"{order}H", tiff, at)
    for n in range(count):
        entry = at + 2 + 12 * n
        _tag, kind, amount, value = struct.unpack_from(f"{order}HHII", tiff, entry)
        size = _SIZES.get(kind, 1) * amount
        if size > 4:
            _zero(out, value, size)
    _zero(out, at, 2 + 12 * count)


def _zero(out: bytearray, at: int, size: int) -> None:
    if at < 0 or size < 0 or at + size > len(out):
        raise Unreadable("a value lies outside of its block")
    out[at : at + size] = bytes(size)


# --- JPEG -------------------------------------------------------------------------------------------------------------


def _jpeg(data: bytes) -> bytes:
    out = bytearray(b"\xff\xd8")
    if data[:2] != out:
        raise Unreadable("no JPEG")
    for marker, segment in _segments(data):
        if marker == 0xE1 and segment[4:10] == b"Exif\0\0":
            out += segment[:10] + blank_exif(segment[10:])
        elif marker == 0xE2 and segment[4:16] == b"ICC_PROFILE\0":
            out += segment
        elif marker == 0xFE or 0xE1 <= marker <= 0xED or marker == 0xEF:
            continue  # comments, XMP, IPTC, further pictures with data of their own
        else:
            out += segment
    return bytes(out + b"\xff\xd9")


def _segments(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Marker and bytes of every segment up to the end of the picture; what hangs behind it is left out."""
    at = 2
    while True:
        if data[at] != 0xFF:
            raise Unreadable("a marker is missing")
        while data[at + 1] == 0xFF:
            at += 1
        marker = data[at + 1]
        if marker == 0xD9:
            return
        (length,) = struct.unpack_from(">H", data, at + 2)
        end = at + 2 + length
        if length < 2 or end > len(data):
            raise Unreadable("a segment is cut off")
        if marker == 0xDA:
            end = _scan_end(data, end)
        yield marker, data[at:end]
        at = end


def _scan_end(data: bytes, at: int) -> int:
    """Where the compressed pixels end: at the next marker that is neither a stuffed byte nor a restart."""
    while True:
        at = data.find(b"\xff", at)
        if at < 0 or at + 1 >= len(data):
            raise Unreadable("the picture is cut off")
        following = data[at + 1]
        if following == 0x00 or 0xD0 <= following <= 0xD7:
            at += 2
        elif following == 0xFF:
            at += 1
        else:
            return at


# --- PNG, WebP, GIF ---------------------------------------------------------------------------------------------------

_PNG_KEPT = frozenset({
    b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"cHRM", b"gAMA", b"iCCP", b"sBIT", b"sRGB", b"cICP", b"bKGD", b"pHYs", b"acTL", b"fcTL", b"fdAT"})


def _png(data: bytes) -> bytes:
    out, at = bytearray(data[:8]), 8
    while True:
        (length,) = struct.unpack_from(">I", data, at)
        kind, end = data[at + 4 : at + 8], at + 12 + length
        if end > len(data):
            raise Unreadable("a chunk is cut off")
        if kind in _PNG_KEPT:
            out += data[at:end]
        if kind == b"IEND":
            return bytes(out)
        at = end


_WEBP_DROPPED = frozenset({b"EXIF", b"XMP "})


def _webp(data: bytes) -> bytes:
    if data[:4] != b"RIFF" or data[8:12] != b"WEBP":
        raise Unreadable("no WebP")
    (size,) = struct.unpack_from("<I", data, 4)
    last, at, body = min(len(data), size + 8), 12, bytearray(b"WEBP")
    while at + 8 <= last:
        kind = data[at : at + 4]
        (length,) = struct.unpack_from("<I", data, at + 4)
        end = at + 8 + length + (length & 1)
        if at + 8 + length > last:
            raise Unreadable("a chunk is cut off")
        chunk = bytearray(data[at:end])
        if kind == b"VP8X":
            chunk[8] &= ~0x0C & 0xFF  # says no more that EXIF and XMP follow
        if kind not in _WEBP_DROPPED:
            body += chunk
        at = end
    return b"RIFF" + struct.pack("<I", len(body)) + bytes(body)


def _gif(data: bytes) -> bytes:
    at = 13 + (3 << ((data[10] & 7) + 1) if data[10] & 0x80 else 0)
    out = bytearray(data[:at])
    while True:
        kind = data[at]
        if kind == 0x3B:
            return bytes(out + b";")
        start = at
        if kind == 0x21:
            at += 2
            # Comments and foreign blocks go; timing and endless animation stay.
            keep = data[start + 1] == 0xF9 or (data[start + 1] == 0xFF and data[at + 1 : at + 12] in (b"NETSCAPE2.0", b"ANIMEXTS1.0"))
        elif kind == 0x2C:
            at += 10 + (3 << ((data[at + 9] & 7) + 1) if data[at + 9] & 0x80 else 0) + 1
            keep = True
        else:
            raise Unreadable("an unknown block")
        while data[at]:
            at += 1 + data[at]
        at += 1
        if at > len(data):
            raise Unreadable("a block is cut off")
        if keep:
            out += data[start:at]


_FORMATS: Mapping[str, Callable[[bytes], bytes]] = {"image/jpeg": _jpeg, "image/png": _png, "image/webp": _webp, "image/gif": _gif}
