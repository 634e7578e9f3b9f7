"""A file is what its first bytes say."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from kernel.errors import Invalid, NotFound, TooLarge
from runtime.files.media import clean_name, recognise
from runtime.files.pictures import decode
from runtime.files.store import FileStore

HEADS = [
    (b"\xff\xd8\xff\xe0rest", "a.txt", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\nrest", "a", "image/png"),
    (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "a", "image/webp"),
    (b"%PDF-1.7", "a.jpg", "application/pdf"),
    (b"PK\x03\x04rest", "table.xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    (b"PK\x03\x04rest", "a.exe", "application/zip"),
    (b"ID3\x04", "a", "audio/mpeg"),
    (b"\x00\x00\x00\x18ftypM4A ", "a", "audio/mp4"),
    ("会议纪要\n".encode(), "a.txt", "text/plain"),
    (b"a,b\n1,2\n", "a.csv", "text/csv"),
]


@pytest.mark.parametrize(("head", "name", "type_"), HEADS)
def test_recognised_by_content(head, name, type_):
    assert recognise(head, name).type == type_


@pytest.mark.parametrize(
    ("head", "code"),
    [
        (b"", "empty_file"),
        (b"\x00\x00\x00\x18ftypheic", "heic"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'>", "active_file"),
        (b"  <!DOCTYPE html><script>", "active_file"),
        (b"MZ\x90\x00\x03\x00", "unknown_file"),
    ],
)
def test_refused_with_a_remedy(head, code):
    with pytest.raises(Invalid) as refused:
        recognise(head, "a.jpg")
    assert refused.value.problems[0].code == code
    assert refused.value.problems[0].hint


@pytest.mark.parametrize(
    ("given", "clean"), [("../../etc/passwd", "passwd"), ("C:\\x\\报价.pdf", "报价.pdf"), ("a\u202egpj.exe", "agpj.exe"), ("...", "file"), ("\x00", "file")]
)
def test_names_are_made_safe(given, clean):
    assert clean_name(given) == clean


def test_equal_bytes_are_kept_once_and_large_ones_refused(tmp_path):
    store = FileStore(tmp_path)
    first, second = (store.put("acme", io.BytesIO(b"same"), 100) for _ in range(2))
    assert first == second
    assert store.open("acme", first.sha256).read_bytes() == b"same"
    with pytest.raises(TooLarge):
        store.put("acme", io.BytesIO(b"x" * 101), 100)
    with pytest.raises(NotFound):
        store.open("other", first.sha256)
    assert [p.name for p in tmp_path.rglob("*") if p.is_file()] == [first.sha256]


def test_pictures_come_out_upright_small_and_without_metadata(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    exif.get_ifd(0x8769)[0x9003] = "2026:11:24 10:21:00"
    path = tmp_path / "a.jpg"
    Image.new("RGB", (4000, 2000), "navy").save(path, exif=exif)
    picture = decode(path)
    assert (picture.width, picture.height) == (2000, 4000)
    assert picture.meta["taken_at"] == "2026:11:24 10:21:00"
    thumb = Image.open(io.BytesIO(picture.variants["thumb"]))
    assert thumb.size == (160, 320)
    assert not thumb.getexif()


@pytest.mark.parametrize("data", [b"\xff\xd8\xff\xe0broken", b"\x89PNG\r\n\x1a\n" + b"\x00" * 50])
def test_broken_pictures_are_refused(tmp_path, data):
    path = tmp_path / "a"
    path.write_bytes(data)
    with pytest.raises(Invalid) as refused:
        decode(path)
    assert refused.value.problems[0].code == "bad_picture"


def test_a_picture_with_too_many_pixels_is_refused(tmp_path):
    path = tmp_path / "bomb.png"
    Image.new("1", (20_000, 20_000)).save(path)
    with pytest.raises(Invalid):
        decode(path)
