"""Where a photograph was taken: for its uploader and for admins; under the same address everybody else gets it without."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from runtime.files import uploads
from tests.factories.applications import jpeg
from tests.factories.desk import Api, Desk
from tests.integration.api.test_files import upload


def position(api: Api, id_: str) -> dict:
    answer = api.get(f"/files/{id_}/content")
    assert answer.status_code == 200 and answer.headers["Content-Type"] == "image/jpeg"
    data = answer.data
    answer.close()
    picture = Image.open(io.BytesIO(data))
    assert picture.size == (40, 30) and picture.getexif()[0x0112] == 6, "as it was taken, in full size"
    return dict(picture.getexif().get_ifd(0x8825))


def test_each_reader_gets_their_own(desk: Desk, wen: Api, guo: Api, chen: Api, lin: Api) -> None:
    mei = desk.api("mei")
    photo = upload(wen, jpeg(), "photo.jpg")["id"]
    wen.make(photo=photo)
    assert position(wen, photo) and position(chen, photo), "the uploader, and who administers"
    assert position(guo, photo) == {} and position(mei, photo) == {}, "not even who may change the record"
    assert lin.get(f"/files/{photo}/content").status_code == 404
    heads = []
    for api in (wen, guo):
        answer = api.call("HEAD", f"/files/{photo}/content")
        heads.append(answer.headers)
        answer.close()
    assert heads[0]["ETag"] != heads[1]["ETag"] and "Cookie" in heads[1]["Vary"]
    part = guo.get(f"/files/{photo}/content", headers={"Range": "bytes=0-1"})
    assert part.status_code == 206 and part.data == b"\xff\xd8"
    part.close()


def test_in_a_comment_too(desk: Desk, wen: Api, guo: Api) -> None:
    task = wen.make()
    photo = upload(guo, jpeg(), "photo.jpg")["id"]
    assert guo.post(f"/records/task/{task['id']}/comments", {"body": "", "files": [photo]}).status_code == 201
    assert position(guo, photo) and position(wen, photo) == {}


def test_a_copy_of_a_record_does_not_tell(desk: Desk, wen: Api, guo: Api) -> None:
    photo = upload(wen, jpeg(), "photo.jpg")["id"]
    wen.make(photo=photo)
    for login, told in (("wen", True), ("mei", False)):
        with desk.ctx() as ctx:
            from kernel.platform import actors

            identity = actors.identify(ctx.conn, ctx.release, desk.people[login], tenant=ctx.tenant, now=ctx.now)
            assert identity is not None
            acting = ctx.acting(actor=identity.actor(ctx.tenant))
            made = uploads.copy(acting, [photo])[photo]
            assert uploads.may_see_position(acting, uploads.rows(acting, [made])[made]) is told


def test_a_picture_that_can_not_be_taken_apart_comes_as_its_preview(
    desk: Desk, wen: Api, guo: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo = upload(wen, jpeg(44, 30), "photo.jpg")["id"]
    wen.make(photo=photo)

    def refuse(data: bytes, media_type: str) -> bytes:
        raise uploads.Unreadable("x")

    monkeypatch.setattr(uploads, "without_position", refuse)
    answer = guo.get(f"/files/{photo}/content")
    data = answer.data
    answer.close()
    assert answer.status_code == 200 and not Image.open(io.BytesIO(data)).getexif()
