"""Messages for one device: the example of RFC 8291, and an independent implementation that opens ours."""

from __future__ import annotations

import http_ece
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.push.encrypt import MOST, encrypt
from runtime.push.hosts import SERVICES
from runtime.push.keys import unb64
from runtime.push.send import topic

DEVICE = ec.generate_private_key(ec.SECP256R1())
POINT = DEVICE.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def test_the_example_of_the_standard():
    """RFC 8291, section 5 and appendix A."""
    ours = ec.derive_private_key(int.from_bytes(unb64("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"), "big"), ec.SECP256R1())
    body = encrypt(
        b"When I grow up, I want to be a watermelon", unb64("BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"), unb64("BTBZMqHH6r4Tts7J_aSIgg"),
        ephemeral=ours, salt=unb64("DGv6ra1nlYgDCS1FRnbzlw"))
    assert body == unb64(
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN")


@settings(max_examples=25, deadline=None)
@given(st.binary(max_size=MOST))
def test_another_implementation_opens_it(plain):
    assert http_ece.decrypt(encrypt(plain, POINT, b"a" * 16), private_key=DEVICE, auth_secret=b"a" * 16, version="aes128gcm") == plain


def test_what_can_not_be_closed_is_refused():
    for plain, point, auth in ((b"x" * (MOST + 1), POINT, b"a" * 16), (b"", POINT[:-1], b"a" * 16), (b"", b"\x04" + b"\x00" * 64, b"a" * 16), (b"", POINT, b"short")):
        with pytest.raises(ValueError):
            encrypt(plain, point, auth)
    assert len(encrypt(b"x" * MOST, POINT, b"a" * 16)) == 4096


def test_topics_say_nothing_and_are_the_same_for_the_same_cause():
    assert topic("clock:1") == topic("clock:1") != topic("clock:2") and len(topic("x" * 500)) == 32


@pytest.mark.parametrize(("host", "known"), [
    ("fcm.googleapis.com", True), ("updates.push.services.mozilla.com", True), ("web.push.apple.com", True), ("wns2-by3p.notify.windows.com", True),
    ("evil.notify.windows.com.example", False), ("x.fcm.googleapis.com", False), ("notify.windows.com", False), ("a.b.notify.windows.com", False), ("127.0.0.1", False),
])
def test_only_push_services_are_called(host, known):
    assert (host in SERVICES) is known
