"""What a connection can be: one line per kind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kernel.i18n import Text, _


@dataclass(frozen=True, slots=True)
class Kind:
    """``hosts``: the only hosts its address may have; None: any public one. ``signs``: whether the other side gives the key, or we make it."""

    key: str
    label: Text
    icon: str
    help: Text
    hosts: frozenset[str] | None = None
    robot: bool = False
    takes_key: bool = False


WEBHOOK, WECOM, DINGTALK, FEISHU = "webhook", "wecom", "dingtalk", "feishu"

KINDS: Mapping[str, Kind] = {kind.key: kind for kind in (
    Kind(WEBHOOK, _("Web hook"), "world", _("Another system is called when something happens here. Each call is signed (Standard Webhooks).")),
    Kind(WECOM, _("Group robot in WeCom"), "brand-wechat", _("In the group: Group robots, Add; copy its Webhook address here."), frozenset({"qyapi.weixin.qq.com"}), robot=True),
    Kind(DINGTALK, _("Group robot in DingTalk"), "message", _("In the group: Group assistant, Custom robot with “Additional signature”; copy address and secret here."),
         frozenset({"oapi.dingtalk.com"}), robot=True, takes_key=True),
    Kind(FEISHU, _("Group robot in Feishu"), "message-2", _("In the group: Settings, Bots, Custom bot with “Signature verification”; copy address and secret here."),
         frozenset({"open.feishu.cn", "open.larksuite.com"}), robot=True, takes_key=True),
)}
