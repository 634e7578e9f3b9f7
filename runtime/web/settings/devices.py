"""Browsers and addresses in words that their owner recognises."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

from kernel.i18n import Text, _

# The first that matches counts: many browsers also claim to be others.
_PROGRAMS: tuple[tuple[str, Text | str], ...] = (
    ("wxwork/", _("WeCom")), ("micromessenger/", _("WeChat")), ("dingtalk/", _("DingTalk")), ("lark/", _("Feishu")), ("feishu/", _("Feishu")),
    ("edg/", "Edge"), ("edga/", "Edge"), ("edgios/", "Edge"), ("opr/", "Opera"), ("qqbrowser/", _("QQ Browser")), ("ucbrowser/", _("UC Browser")),
    ("huaweibrowser/", _("Huawei Browser")), ("miuibrowser/", _("Mi Browser")), ("samsungbrowser/", _("Samsung Internet")), ("firefox/", "Firefox"),
    ("fxios/", "Firefox"), ("chrome/", "Chrome"), ("crios/", "Chrome"), ("safari/", "Safari"),
)
_SYSTEMS = (
    ("iphone", "iPhone", True), ("ipad", "iPad", True), ("harmonyos", "HarmonyOS", True), ("openharmony", "HarmonyOS", True),
    ("android", "Android", True), ("windows", "Windows", False), ("mac os x", "Mac", False), ("cros", "ChromeOS", False), ("linux", "Linux", False),
)


@dataclass(frozen=True, slots=True)
class Device:
    """``icon`` names a picture of the set."""

    words: Text | str
    icon: str


def device(user_agent: str) -> Device:
    """What signed in, as far as it says so itself."""
    said = user_agent.lower()
    program = next((name for mark, name in _PROGRAMS if mark in said), None)
    system, mobile = next(((name, mobile) for mark, name, mobile in _SYSTEMS if mark in said), (None, False))
    icon = "device-mobile" if mobile else "device-desktop"
    if program is None and system is None:
        return Device(_("Unknown device"), "device-desktop")
    if program is None or system is None:
        return Device(program or system or _("Unknown device"), icon)
    return Device(_("{program} on {system}", program=program, system=system), icon)


_LOCAL = re.compile(r"^(::ffff:)")


def place(address: str) -> Text | str:
    """Where an address is, as far as that can be said without asking anybody."""
    try:
        found = ipaddress.ip_address(_LOCAL.sub("", address))
    except ValueError:
        return _("Unknown place")
    if found.is_loopback:
        return _("This machine")
    if found.is_private:
        return _("Local network, {address}", address=str(found))
    return str(found)
