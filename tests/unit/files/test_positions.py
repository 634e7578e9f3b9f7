"""Pictures without their position: same pixels, nothing left of the place, everything a viewer needs still there."""

from __future__ import annotations

import io
import struct

import pytest
from PIL import Image

from runtime.files.positions import Unreadable, without_position
from tests.factories.applications import jpeg

PLACE = (31.0, 14.0, 5.0)
XMP = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'><exif:GPSLatitude>31,14.08N</exif:GPSLatitude></x:xmpmeta>"


def with_place() -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010F] = "Camera maker"
    exif[0x010E] = "At the harbour gate"
    exif.get_ifd(0x8769)[0x9003] = "2026:11:20 09:30:00"
    exif.get_ifd(0x8769)[0x927C] = b"maker note with 31.2347"
    exif.get_ifd(0x8825)[1] = "N"
    exif.get_ifd(0x8825)[2] = PLACE
    return exif


def saved(kind: str, mode: str = "RGB", **more: object) -> bytes:
    out = io.BytesIO()
    Image.effect_noise((40, 30), 50).convert(mode).save(out, kind, **more)
    return out.getvalue()


def opened(data: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(data))
    picture.load()
    return picture


def test_a_photograph_keeps_its_pixels_and_loses_its_place() -> None:
    data = saved("JPEG", exif=with_place(), comment=b"at the harbour", xmp=XMP, quality=90, progressive=True)
    assert opened(data).getexif().get_ifd(0x8825)
    made = without_position(data + b"trailer with a film and a place", "image/jpeg")
    picture = opened(made)
    assert picture.tobytes() == opened(data).tobytes()
    exif = picture.getexif()
    assert dict(exif.get_ifd(0x8825)) == {} and exif[0x0112] == 6 and exif[0x010F] == "Camera maker"
    assert exif.get_ifd(0x8769)[0x9003] == "2026:11:20 09:30:00"
    for trace in (b"harbour", b"31.2347", b"GPSLatitude", b"trailer", struct.pack(">II", 31, 1), struct.pack("<II", 31, 1)):
        assert trace not in made, trace
    assert without_position(made, "image/jpeg") == made, "a second time changes nothing"


def test_a_colour_profile_stays() -> None:
    from PIL import ImageCms

    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    made = without_position(saved("JPEG", icc_profile=profile, exif=with_place()), "image/jpeg")
    assert opened(made).info["icc_profile"] == profile


@pytest.mark.parametrize(("kind", "media"), [("PNG", "image/png"), ("WEBP", "image/webp")])
def test_other_formats(kind: str, media: str) -> None:
    data = saved(kind, exif=with_place(), **({"xmp": XMP} if kind == "WEBP" else {}))
    assert opened(data).getexif().get_ifd(0x8825)
    made = without_position(data + b"trailer", media)
    assert opened(made).tobytes() == opened(data).tobytes() and not opened(made).getexif()
    assert b"harbour" not in made and b"GPSLatitude" not in made and b"trailer" not in made


def test_an_animation_goes_on_moving() -> None:
    out = io.BytesIO()
    frames = [Image.effect_noise((8, 8), 90).convert("P") for _n in range(3)]
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:], loop=0, duration=100, comment=b"at the harbour")
    made = without_position(out.getvalue(), "image/gif")
    picture = Image.open(io.BytesIO(made))
    assert getattr(picture, "n_frames", 1) == 3 and picture.info["loop"] == 0 and b"harbour" not in made


def test_what_is_not_built_as_it_should_be() -> None:
    good = jpeg()
    at = good.index(b"Exif\0\0") + 6
    wrong_offset = good[: at + 4] + b"\xff\xff\xff\xff" + good[at + 8 :]
    circle = good[: at + 4] + good[at + 4 : at + 8] + good[at + 8 :]
    for data, media in (
        (b"", "image/jpeg"), (b"\xff\xd8", "image/jpeg"), (good[:-40], "image/jpeg"), (good[:30], "image/jpeg"), (wrong_offset, "image/jpeg"),
        (b"\x89PNG\r\n\x1a\n\0", "image/png"), (b"RIFF\xff\xff\xff\x7fWEBPVP8X\xff\xff\xff\x7f", "image/webp"), (b"GIF89a", "image/gif"), (b"x", "video/mp4")):
        with pytest.raises(Unreadable):
            without_position(data, media)
    assert without_position(circle, "image/jpeg")


def test_bytes_at_random_end_well() -> None:
    """Whatever is broken is refused or rewritten; nothing else is raised, nothing runs for ever."""
    import random

    chance = random.Random(7)
    samples = [(jpeg(), "image/jpeg"), (saved("PNG", exif=with_place()), "image/png"), (saved("WEBP", exif=with_place()), "image/webp"), (saved("GIF", "P"), "image/gif")]
    for _round in range(400):
        data, media = chance.choice(samples)
        broken = bytearray(data)
        for _n in range(chance.randint(1, 6)):
            broken[chance.randrange(len(broken))] = chance.randrange(256)
        try:
            without_position(bytes(broken[: chance.randint(1, len(broken))]), media)
        except Unreadable:
            continue
