"""What a mail server's address may look like, and messages nobody can break out of."""

from __future__ import annotations

from datetime import UTC, datetime
from email import message_from_bytes

import pytest

from kernel.i18n import _
from kernel.mail.envelope import BadAddress, checked, message
from kernel.mail.letter import Letter
from kernel.mail.smtp import Server, read_url
from kernel.platform.settings import Settings, SettingsRefused
from tests.conftest import make_settings

AT = datetime(2026, 11, 23, 8, tzinfo=UTC)


@pytest.mark.parametrize(("url", "expected"), [
    ("smtp://127.0.0.1", Server("127.0.0.1", 25, None, None, "none")),
    ("smtp://u%40x:p%3Aw@mail.test?starttls=1", Server("mail.test", 587, "u@x", "p:w", "starttls")),
    ("smtps://u:p@mail.test", Server("mail.test", 465, "u", "p", "implicit")),
    ("smtp://mail.test:2525", Server("mail.test", 2525, None, None, "none")),
])
def test_an_address_of_a_mail_server(url, expected):
    assert read_url(url) == expected


@pytest.mark.parametrize("url", ["http://x", "smtp://", "smtp://x/inbox", "smtp://x?tls=1", "smtps://x?starttls=1", "smtp://x:99999"])
def test_an_address_that_is_none(url):
    with pytest.raises(ValueError):
        read_url(url)


def test_settings_refuse_what_would_leak_or_not_work(tmp_path):
    def made(**values: str) -> Settings:
        return make_settings(tmp_path / "var", **values)

    assert made(smtp_url="smtps://u:secret-word@mail.test", mail_from="a@b.example").mails
    assert "secret-word" not in repr(made(smtp_url="smtps://u:secret-word@mail.test", mail_from="a@b.example"))
    for wrong in ({"smtp_url": "smtp://u:p@mail.test", "mail_from": "a@b.example"}, {"smtp_url": "smtp://x"}, {"smtp_url": "smtp://x", "mail_from": "nobody"},
                  {"smtp_url": "ftp://x", "mail_from": "a@b.example"}):
        with pytest.raises(SettingsRefused):
            made(**wrong)


@pytest.mark.parametrize("address", [
    "", "x", "a@", "@b.example", "a@b@c.example", "a b@c.example", "a@b.example\r\nBcc: x@y.example", "a@b.example,c@d.example", "<a@b.example>", "a@-b.example",
    "a@b..example", "名@b.example", "a@b.example\x00", "a" * 65 + "@b.example",
])
def test_what_is_no_address(address):
    with pytest.raises(BadAddress):
        checked(address)


def test_an_address_in_chinese_letters_gets_an_ascii_domain():
    assert checked("li@例子.公司") == "li@xn--fsqu00a.xn--55qx5d"


def test_a_message_keeps_to_its_headers():
    letter = Letter("li@example.com", _("{who} invites you to {workspace}", who="A\r\nBcc: x@y.example\u2028", workspace="禾木"), ("<b>&", "行"), ("Go", 'https://x.example/?a="1"&b=2'), language="zh")
    made = message(letter, "forms@example.com", AT, "tenant.7")
    raw = made.as_bytes()
    again = message_from_bytes(raw)
    assert again["Bcc"] is None and again["Message-ID"] == "<tenant.7@example.com>" and again["To"] == "li@example.com"
    assert "A Bcc: x@y.example" in made["Subject"]
    assert "&lt;b&gt;&amp;" in letter.html() and 'href="https://x.example/?a=&quot;1&quot;&amp;b=2"' in letter.html()
