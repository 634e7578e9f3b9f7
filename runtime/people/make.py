"""Adding people: the record, the sign-in, the invitation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from kernel.errors import Conflict, Invalid, NotFound, Problem
from kernel.i18n import _
from kernel.mail import letters, send_later
from kernel.platform import accounts, audit, links, passwords
from kernel.platform.ctx import Ctx
from runtime.people import roles as role_rules
from runtime.records import road
from runtime.records.record import Input, Record

PERSON = "person"


def make_person(
    ctx: Ctx, login: str, name: str, password_hash: str, roles: Iterable[str], *, email: str | None = None, must_change: bool = True,
    fields: Mapping[str, Any] | None = None,
) -> str:
    """A person record with a sign-in; returns its id. Raises Invalid (also for roles that do not exist), Forbidden for roles
    with more than the actor holds."""
    given = list(dict.fromkeys(roles))
    role_rules.check_known(ctx, given)
    role_rules.check_grant(ctx, given)
    person = road.create(ctx, PERSON, Input({"name": name, **({"email": email} if email else {}), **(fields or {})}))
    accounts.create(ctx.conn, person.id, login, password_hash, must_change=must_change, roles=given)
    audit.note(ctx, "person.created", person.id, {"login": accounts.normal_login(login), "roles": given})
    return person.id


def invite(ctx: Ctx, login: str, fields: Mapping[str, Any], roles: Iterable[str]) -> str:
    """A person who will choose a password by a link; returns the id. Raises as :func:`make_person`."""
    id_ = make_person(ctx, login, str(fields.get("name") or ""), passwords.UNSET, roles, must_change=False, fields=fields)
    audit.note(ctx, "person.invited", id_, {"login": accounts.normal_login(login)})
    return id_


def open_sign_in(ctx: Ctx, person_id: str, login: str, roles: Iterable[str]) -> None:
    """A sign-in for a person who is a record only. Raises NotFound, Invalid, Forbidden."""
    given = list(dict.fromkeys(roles))
    role_rules.check_known(ctx, given)
    role_rules.check_grant(ctx, given)
    person = load(ctx, person_id)
    accounts.create(ctx.conn, person.id, login, passwords.UNSET, roles=given)
    audit.note(ctx, "person.invited", person.id, {"login": accounts.normal_login(login), "roles": given})


def load(ctx: Ctx, person_id: str) -> Record:
    """The record of a person who is not in the bin. Raises NotFound."""
    record = road.load(ctx, PERSON, person_id)
    if record.deleted_at is not None:
        raise NotFound()
    return record


def mail_link(ctx: Ctx, person_id: str, kind: str) -> None:
    """Have an invitation (or a link for a new password) mailed; earlier ones open nothing any more."""
    _check_open(ctx, person_id, kind)
    links.withdraw(ctx.conn, person_id, kind)
    send_later(ctx, letters.INVITE if kind == links.INVITE else letters.RESET, {"person": person_id, "by": ctx.actor.person},
               until=ctx.now + links.LASTS[kind])
    _note_link(ctx, person_id, kind)


def show_link(ctx: Ctx, person_id: str, kind: str) -> str:
    """The secret of a new link, to be shown once; earlier ones open nothing any more."""
    _check_open(ctx, person_id, kind)
    links.withdraw(ctx.conn, person_id, kind)
    _note_link(ctx, person_id, kind)
    return links.make(ctx.conn, person_id, kind, ctx.now, ctx.actor.person)


def _note_link(ctx: Ctx, person_id: str, kind: str) -> None:
    audit.note(ctx, "person.invited" if kind == links.INVITE else "password.reset_asked", person_id)


def _check_open(ctx: Ctx, person_id: str, kind: str) -> None:
    """An invitation is for who has no password, a new password for who has one; neither for who was deactivated."""
    account = accounts.get(ctx.conn, person_id)
    if account.disabled_at is not None:
        raise Conflict(_("This person is deactivated."), hint=_("Activate them first."))
    if account.invited is not (kind == links.INVITE):
        raise Conflict(_("This person has chosen a password already.") if kind == links.INVITE else _("This person has not accepted the invitation yet."))
    # A link to somebody's password is their rights: nobody gets hold of more than they hold themselves (D30).
    role_rules.check_grant(ctx, accounts.roles_of(ctx.conn, person_id))


def revoke_invitation(ctx: Ctx, person_id: str) -> None:
    """The links somebody was sent open nothing any more. Raises Conflict when the invitation was accepted."""
    if not accounts.get(ctx.conn, person_id).invited:
        raise Conflict(_("This person has chosen a password already."))
    links.withdraw(ctx.conn, person_id, links.INVITE)
    audit.note(ctx, "person.invitation_revoked", person_id)


def rename(ctx: Ctx, person_id: str, name: str) -> None:
    """An invited person says what they are called."""
    road.update(ctx, PERSON, person_id, Input({"name": name}), version=None)


def change_login(ctx: Ctx, person_id: str, login: str) -> None:
    """Another log-in. Raises NotFound, Invalid, Forbidden."""
    role_rules.check_grant(ctx, accounts.roles_of(ctx.conn, person_id))
    before = accounts.get(ctx.conn, person_id).login
    accounts.set_login(ctx.conn, person_id, login)
    after = accounts.get(ctx.conn, person_id).login
    if before != after:
        audit.note(ctx, "person.login_changed", person_id, {"from": before, "to": after})


def check_login(ctx: Ctx, login: str) -> None:
    """Raises Invalid when it can't be used or is taken."""
    if not accounts.normal_login(login):
        raise Invalid([Problem("login_invalid", _("Give a log-in, an e-mail address or a phone number."), "login")])
