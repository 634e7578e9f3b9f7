"""``user create|list`` and ``token create``."""

from __future__ import annotations

import argparse
import secrets
from datetime import timedelta
from typing import Any

from commands.desk import desk, show
from kernel.errors import Invalid, Problem
from kernel.i18n import _
from kernel.platform import accounts, audit, passwords, tokens
from runtime.people.make import make_person


def register(commands: Any) -> None:
    user = commands.add_parser("user", help="people who sign in").add_subparsers(dest="verb", required=True)
    create = user.add_parser("create", help="a person with a sign-in; the first password is printed once")
    create.add_argument("--tenant", required=True)
    create.add_argument("--login", required=True)
    create.add_argument("--name", required=True)
    create.add_argument("--role", action="append", default=[])
    create.add_argument("--email")
    create.add_argument("--password", help="instead of a random one")
    create.set_defaults(run=create_user)
    list_ = user.add_parser("list", help="everybody who can sign in")
    list_.add_argument("--tenant", required=True)
    list_.add_argument("--json", action="store_true")
    list_.set_defaults(run=list_users)
    token = commands.add_parser("token", help="API tokens").add_subparsers(dest="verb", required=True)
    new = token.add_parser("create", help="prints the token alone")
    new.add_argument("--tenant", required=True)
    new.add_argument("--user", required=True, help="the log-in")
    new.add_argument("--name", default="command line")
    new.add_argument("--scope", action="append", choices=["read", "write", "all"])
    new.add_argument("--days", type=int, default=365)
    new.set_defaults(run=create_token)


def first_password() -> str:
    """A first password that can be read out and typed: 16 letters and digits without look-alikes, about 80 bits."""
    return "".join(secrets.choice("abcdefghjkmnpqrstuvwxyz23456789") for _i in range(16))


def create_user(args: argparse.Namespace) -> None:
    password = args.password or first_password()
    passwords.check_new(password, args.login)
    hashed = passwords.hash_password(password)
    with desk() as here, here.ctx(args.tenant, write=True) as ctx:
        make_person(ctx, args.login, args.name, hashed, args.role, email=args.email)
    print(f"{args.login} {password}" if not args.password else args.login)


def list_users(args: argparse.Namespace) -> None:
    with desk() as here, here.ctx(args.tenant) as ctx:
        found: list[dict[str, Any]] = [
            {"login": a.login, "person": a.person_id, "roles": sorted(accounts.roles_of(ctx.conn, a.person_id)), "disabled": a.disabled_at is not None}
            for a in accounts.all_accounts(ctx.conn)
        ]
    if args.json:
        show(found)
    else:
        for row in found:
            print(row["login"], *row["roles"], *(["(disabled)"] if row["disabled"] else []))


def create_token(args: argparse.Namespace) -> None:
    with desk() as here, here.ctx(args.tenant, write=True) as ctx:
        account = accounts.find_by_login(ctx.conn, args.user)
        if account is None:
            raise Invalid([Problem("unknown_user", _("Nobody signs in as “{login}”.", login=args.user), "user")])
        token, secret = tokens.create(
            ctx.conn, account.person_id, args.name, ctx.now, scopes=args.scope or ["all"], expires_at=ctx.now + timedelta(days=args.days))
        audit.note(ctx, "token.created", account.person_id, {"name": token.name, "id": token.id, "scopes": list(token.scopes)})
    print(secret)
