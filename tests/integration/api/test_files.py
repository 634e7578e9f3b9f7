"""Files over the API: what comes in, who may take it into a record, who may read it."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image

from kernel.platform.ids import uuid7
from runtime.files import uploads
from tests.factories.applications import jpeg
from tests.factories.desk import Api, Desk


def send(api: Api, data: bytes, name: str = "notes.txt"):
    """One file as ``multipart/form-data``; made by hand, because the test client's own large bodies leave files open."""
    head = f'--cut\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'.encode()
    return api.post("/files", data=head + data + b"\r\n--cut--\r\n", content_type="multipart/form-data; boundary=cut")


def upload(api: Api, data: bytes = b"some words\n", name: str = "notes.txt") -> dict:
    answer = send(api, data, name)
    assert answer.status_code == 201, answer.text
    return answer.json


def kept(desk: Desk) -> set[Path]:
    root = desk.app.extensions["fangyuan"].settings.data_dir / "files" / desk.slug
    return {p for p in root.rglob("*") if p.is_file()}


def test_a_file_comes_in_and_goes_out(desk: Desk, wen: Api) -> None:
    answer = send(wen, b"some words\n", "../../etc/no\ttes\u202e.txt")
    assert answer.status_code == 201
    row = answer.json
    assert (row["name"], row["size"], row["media_type"], row["width"]) == ("notes.txt", 11, "text/plain", None)
    assert answer.headers["Location"] == f"/t/{desk.slug}/api/v1/files/{row['id']}"
    assert wen.get(f"/files/{row['id']}").json == row
    content = wen.get(f"/files/{row['id']}/content")
    assert content.data == b"some words\n"
    assert content.headers["Content-Disposition"].startswith("attachment") and content.headers["X-Content-Type-Options"] == "nosniff"
    assert content.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    content.close()
    part = wen.get(f"/files/{row['id']}/content", headers={"Range": "bytes=5-"})
    assert part.status_code == 206 and part.data == b"words\n"
    part.close()
    assert wen.get(f"/files/{row['id']}/content", headers={"Range": "bytes=90-95"}).status_code == 416
    assert wen.get(f"/files/{row['id']}/content?variant=huge").status_code == 422


def test_a_photograph_and_its_small_versions(wen: Api) -> None:
    row = upload(wen, jpeg(), "photo.jpg")
    assert (row["media_type"], row["width"], row["height"]) == ("image/jpeg", 30, 40), "upright"
    original = wen.get(f"/files/{row['id']}/content")
    assert original.data == jpeg()
    original.close()
    for variant in ("preview", "thumb"):
        answer = wen.get(f"/files/{row['id']}/content?variant={variant}")
        data = answer.data
        answer.close()
        picture = Image.open(io.BytesIO(data))
        assert picture.format == "JPEG" and picture.size == (30, 40)
        assert not picture.getexif() and "comment" not in picture.info and b"Camera maker" not in data and b"somewhere" not in data
        assert answer.headers["Content-Disposition"].startswith("inline")


def test_a_large_photograph_keeps_its_size(wen: Api) -> None:
    out = io.BytesIO()
    Image.new("RGB", (6400, 4800), (1, 2, 3)).save(out, "JPEG", quality=20)
    row = upload(wen, out.getvalue(), "wide.jpg")
    assert (row["width"], row["height"]) == (6400, 4800)
    answer = wen.get(f"/files/{row['id']}/content?variant=thumb")
    assert Image.open(io.BytesIO(answer.data)).size == (320, 240)
    answer.close()


@pytest.mark.parametrize(
    ("data", "name", "code"),
    [
        (b"", "empty.txt", "empty_file"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>", "a.svg", "active_file"),
        (b"\n <!doctype html><p>", "a.txt", "active_file"),
        (b"MZ\x90\x00\x03", "a.exe", "unknown_file"),
        (b"\xff\xd8\xff\xe0 broken", "a.jpg", "bad_picture"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 50, "a.png", "bad_picture"),
        (b"\x00\x00\x00\x18ftypheic", "a.heic", "heic"),
    ],
)
def test_a_file_that_is_not_taken(desk: Desk, wen: Api, data: bytes, name: str, code: str) -> None:
    before = kept(desk)
    refused = send(wen, data, name)
    assert refused.status_code == 422 and refused.json["problems"][0]["code"] == code, refused.text
    assert kept(desk) == before, "nothing of it stays"


def test_a_picture_that_unpacks_to_too_much(wen: Api) -> None:
    out = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(out, "PNG")
    assert len(out.getvalue()) < 100_000
    assert send(wen, out.getvalue(), "bomb.png").json["problems"][0]["code"] == "bad_picture"


def test_a_file_that_is_too_large(desk: Desk, wen: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    before = kept(desk)
    huge = send(wen, b"x" * (uploads.MAX_SIZE + 100_000))
    assert huge.status_code == 413 and huge.mimetype == "application/problem+json"
    over = send(wen, b"x" * (uploads.MAX_SIZE + 1))
    assert over.status_code == 413 and kept(desk) == before
    assert send(wen, b"x" * 3_000_000).status_code == 201, "larger than other bodies may be"


def test_an_upload_of_another_shape(wen: Api) -> None:
    two = {"file": (io.BytesIO(b"a"), "a.txt"), "more": (io.BytesIO(b"b"), "b.txt")}
    for more in (
        {"json": {"file": "x"}},
        {"data": {}, "content_type": "multipart/form-data"},
        {"data": two, "content_type": "multipart/form-data"},
        {"data": b"x"},
    ):
        refused = wen.call("POST", "/files", **more)
        assert refused.status_code == 422 and refused.json["problems"][0]["code"] == "no_file"
    assert wen.call("POST", "/files", data=b"--x", content_type="multipart/form-data; boundary=x").status_code in (400, 422)


def test_too_many_files_wait(wen: Api, lin: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    upload(lin)
    monkeypatch.setattr(uploads, "PENDING_PER_PERSON", 1)
    refused = send(lin, b"one more")
    assert refused.status_code == 429 and refused.headers["Retry-After"] == "600"


def test_a_record_takes_a_file(desk: Desk, wen: Api, lin: Api, guo: Api) -> None:
    row = upload(wen)
    assert lin.get(f"/files/{row['id']}").status_code == 404, "an upload is its uploader's"
    made = wen.make(attachment=row["id"])
    assert made["fields"]["attachment"] == {"id": row["id"], "label": "notes.txt"}
    assert guo.get(f"/files/{row['id']}").json["name"] == "notes.txt", "whoever reads the record reads its file"
    for path in (f"/files/{row['id']}", f"/files/{row['id']}/content", f"/files/{row['id']}/content?variant=thumb"):
        assert lin.get(path).status_code == 404
    again = wen.patch(f"/records/task/{made['id']}", {"fields": {"attachment": {"id": row["id"], "label": "x"}}}, version=1)
    assert again.status_code == 200
    assert desk.api("chen").delete(f"/records/task/{made['id']}", version=again.json["version"]).status_code == 204
    assert guo.get(f"/files/{row['id']}").status_code == 404, "with the record in the bin"


def test_a_file_that_is_not_yours_to_take(desk: Desk, wen: Api, lin: Api) -> None:
    pending, missing = upload(lin)["id"], uuid7(desk.clock.now())
    taken = upload(wen)["id"]
    wen.make(attachment=taken)
    answers = []
    for id_ in (pending, missing, taken):
        refused = wen.post("/records/task", {"fields": {"title": "x", "attachment": id_}})
        assert refused.status_code == 422, refused.text
        answers.append([(p["code"], p["path"], p["rule"], p["message"]) for p in refused.json["problems"]])
    assert answers[0] == answers[1] == answers[2] and answers[0][0][:3] == ("unknown_file", "fields.attachment", "test:task.attachment#type")
    assert lin.make(attachment=pending)["fields"]["attachment"]["id"] == pending


def test_a_field_takes_its_own_kinds(wen: Api) -> None:
    photo, text = upload(wen, jpeg(), "photo.jpg")["id"], upload(wen)["id"]
    for fields, path in (({"attachment": photo}, "fields.attachment"), ({"photo": text}, "fields.photo")):
        refused = wen.post("/records/task", {"fields": {"title": "x", **fields}})
        assert refused.status_code == 422 and refused.json["problems"][0]["code"] == "bad_kind" and refused.json["problems"][0]["path"] == path
    assert wen.make(photo=photo)["fields"]["photo"]["label"] == "photo.jpg"


def test_a_name_that_lies(wen: Api) -> None:
    row = upload(wen, jpeg(), "photo.txt")
    assert row["media_type"] == "image/jpeg"


@pytest.mark.parametrize("id_", ["x", "%00", "..%2f..%2fetc%2fpasswd", "00000000-0000-0000-0000-000000000000", "'"])
def test_a_file_that_does_not_exist(wen: Api, id_: str) -> None:
    assert wen.get(f"/files/{id_}").status_code == 404 and wen.get(f"/files/{id_}/content").status_code == 404
