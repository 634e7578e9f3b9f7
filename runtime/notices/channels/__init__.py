"""The ways out: one line per channel. The inbox and the pop-up are no channel, they are always there."""

from __future__ import annotations

from collections.abc import Mapping

from runtime.notices.channels.channel import Channel, Message
from runtime.notices.channels.mail import Mail
from runtime.notices.channels.push import Push
from runtime.notices.channels.robots import Robots

_ALL: tuple[Channel, ...] = (Push(), Mail(), Robots())

CHANNELS: Mapping[str, Channel] = {channel.key: channel for channel in _ALL}
"""Every channel by its key, in the order in which people read them."""

__all__ = ["CHANNELS", "Channel", "Message"]
