"""The version of a promise that a running clock goes by: the one it began with, whatever was published since (SAFETY D42)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from kernel.errors import NotFound
from kernel.platform import releases
from kernel.platform.ctx import Ctx
from kernel.platform.releases import Release
from runtime.clocks.policy import Policy, policies_of
from runtime.clocks.rows import ClockRow
from runtime.records.env import RecordEnv, Scene, parameters


class _Then(Scene):
    """The records as they are now, the parameters as they were."""

    def __init__(self, ctx: Ctx, then: Release) -> None:
        super().__init__(ctx)
        self._then = then

    @property
    def params(self) -> Mapping[str, Any]:
        return parameters(replace(self.ctx, release=self._then))


class Pinned:
    """Releases that clocks were planned by; each is asked for once."""

    def __init__(self, ctx: Ctx) -> None:
        self._ctx = ctx
        self._known: dict[int, Release | None] = {ctx.release.id: ctx.release}

    def release(self, row: ClockRow) -> Release:
        """The release of this clock; the present one where that is no longer kept."""
        if row.release_id not in self._known:
            try:
                self._known[row.release_id] = releases.load(self._ctx.conn, row.release_id)
            except NotFound:
                self._known[row.release_id] = None
        return self._known[row.release_id] or self._ctx.release

    def of(self, policy: Policy, env: RecordEnv, row: ClockRow) -> tuple[Policy, RecordEnv]:
        """The policy and the eyes through which this clock looks at its record. Where a field that the old version reads is gone,
        the present one takes over."""
        then = self.release(row)
        if then.id == self._ctx.release.id:
            return policy, env
        old = policies_of(then.application).find(row.entity, row.policy)
        if old is None or old.version == policy.version:
            return policy, env
        if any(key not in env.shape.fields and key in then.application.entities[row.entity].by_key for key in old.keys):
            return policy, env
        return old, RecordEnv(_Then(self._ctx, then), env.shape, env.record)
