"""``tenant create|list|delete``."""

from __future__ import annotations

import argparse
import shutil
from typing import Any

from builder.packages import catalogue
from builder.publish import switching
from commands.desk import Desk, desk, show
from commands.people import first_password
from kernel.errors import Invalid, Problem
from kernel.i18n import _
from kernel.platform import accounts, passwords
from kernel.platform.ctx import Ctx, system_ctx
from kernel.platform.tenants import read_tenant
from runtime.files import uploads
from runtime.files.store import FileStore, folder_of
from runtime.people.make import make_person
from runtime.push import keys as push_keys
from runtime.samples.replay import replay

TEMPLATES = "industry_templates"


def register(commands: Any) -> None:
    tenant = commands.add_parser("tenant", help="tenants of this installation").add_subparsers(dest="verb", required=True)
    create = tenant.add_parser("create", help="a new tenant; the admin's first password is printed once")
    create.add_argument("slug")
    create.add_argument("--template", required=True)
    create.add_argument("--name")
    create.add_argument("--samples", action="store_true", help="with sample data")
    create.add_argument("--language", choices=["zh", "en"], default="zh")
    create.set_defaults(run=create_tenant)
    list_ = tenant.add_parser("list", help="every tenant")
    list_.add_argument("--json", action="store_true")
    list_.set_defaults(run=list_tenants)
    delete = tenant.add_parser("delete", help="remove a tenant with all its data")
    delete.add_argument("slug")
    delete.add_argument("--yes", action="store_true", help="do not ask for the name")
    delete.set_defaults(run=delete_tenant)


def make(here: Desk, slug: str, name: str, template: str, *, samples: bool, language: str, password: str, must_change: bool) -> None:
    """A tenant from a template with the person ``admin``; whatever fails, no tenant stays behind."""
    packages = catalogue.load(template)
    hashed = passwords.hash_password(password)
    placement, home = here.tenants.create(slug, name, {"language": language})
    try:
        switching.switch_on(home, packages, clock=here.clock)
        with home.write() as conn:
            ctx = system_ctx(read_tenant(conn, placement), conn, here.clock, "command")
            if samples:
                _play(here, ctx, packages, hashed)
            push_keys.ensure(ctx)
            if accounts.find_by_login(conn, "admin") is None:
                admins = [role.key for role in ctx.app.roles.values() if {"design", "administer"} & set(role.can)]
                make_person(ctx, "admin", _("Administrator").to(language), hashed, admins, must_change=must_change)
    except BaseException:
        here.tenants.delete(slug)
        raise


def _play(here: Desk, ctx: Ctx, packages: Any, hashed: str) -> None:
    store = FileStore(here.settings.data_dir / "files")
    assets = {path: file for package in packages for path, file in package.assets.items()}

    received: dict[str, uploads.Received] = {}

    def upload(acting: Ctx, path: str) -> str:
        if path not in received:  # the same picture stands in many records; reading it is the slow part
            file = assets.get(path)
            if file is None:
                raise Invalid([Problem("unknown_asset", _("The package has no file “{path}”.", path=path), path)])
            with file.open("rb") as stream:
                received[path] = uploads.receive(store, folder_of(acting.tenant), stream, path.rsplit("/", 1)[-1])
        return uploads.save(acting, received[path]).id

    replay(ctx, [sample for package in packages for sample in package.samples], upload=upload, password_hash=hashed)


def sign_ins(ctx: Ctx) -> list[tuple[str, str]]:
    """Everybody who can sign in, with their roles in words."""
    language = ctx.tenant.language

    def words(person: str) -> str:
        return ", ".join(ctx.app.roles[r].label.to(language) for r in sorted(accounts.roles_of(ctx.conn, person)) if r in ctx.app.roles)

    return [(account.login, words(account.person_id)) for account in accounts.all_accounts(ctx.conn)]


def create_tenant(args: argparse.Namespace) -> None:
    password = first_password()
    with desk() as here:
        make(here, args.slug, args.name or args.slug, args.template, samples=args.samples, language=args.language, password=password, must_change=True)
        print(f"{here.settings.base_url}/t/{args.slug}/")
    print(f"admin {password}")


def list_tenants(args: argparse.Namespace) -> None:
    with desk() as here:
        found = here.tenants.all()
    if args.json:
        show([{"slug": p.slug, "name": p.name, "status": p.status, "created_at": p.created_at.isoformat()} for p in found])
    else:
        for placement in found:
            print(placement.slug, placement.name, placement.status)


def delete_tenant(args: argparse.Namespace) -> int:
    if not args.yes and input(f"Type {args.slug} to remove it with all its data: ") != args.slug:
        print("Nothing was removed.")
        return 1
    with desk() as here:
        found = here.tenants.find(args.slug)
        here.tenants.delete(args.slug)
        if found is not None:
            shutil.rmtree(here.settings.data_dir / "files" / found[0].id, ignore_errors=True)
    return 0


__all__ = ["make", "register", "sign_ins"]
