"""People from a spreadsheet: columns guessed from their headings, every problem named by row, all written at once or nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import insert, select

from kernel.errors import Invalid, Message, Problem
from kernel.i18n import LANGUAGES, _
from kernel.permissions import grants
from kernel.platform import accounts, audit, passwords
from kernel.platform import tables as t
from kernel.platform.ctx import Ctx
from runtime.people import roster
from runtime.people.make import PERSON
from runtime.people.sheet import MOST_IN_CELL, Table
from runtime.records import road
from runtime.records.record import Input

COLUMNS = ("name", "login", "email", "phone", "team", "roles", "manager")
CHANNEL = "import"
# Headings as people write them, lower case and without blanks; the first that fits counts.
HEADINGS: Mapping[str, tuple[str, ...]] = {
    "name": ("姓名", "名字", "人员", "员工", "员工姓名", "成员", "name", "fullname", "person", "employee"),
    "login": ("登录名", "账号", "帐号", "用户名", "登录账号", "工号", "login", "log-in", "username", "user", "account"),
    "email": ("邮箱", "电子邮箱", "邮件", "电子邮件", "email", "e-mail", "mail", "emailaddress"),
    "phone": ("手机", "手机号", "手机号码", "电话", "联系电话", "phone", "mobile", "telephone", "cell"),
    "team": ("团队", "部门", "小组", "所属", "组织", "team", "department", "store", "group", "unit"),
    "roles": ("角色", "权限", "岗位", "职位", "role", "roles", "permission", "position"),
    "manager": ("上级", "直属上级", "直接上级", "主管", "经理", "汇报对象", "manager", "reportsto", "supervisor", "boss", "leader"),
}
LABELS: Mapping[str, Message] = {
    "name": _("Full name"), "login": _("Log-in"), "email": _("E-mail"), "phone": _("Phone"), "team": _("Team"), "roles": _("Roles"), "manager": _("Reports to")}
_SPLIT = re.compile(r"[、,;；，/|\n]+")


@dataclass
class Line:
    """A row of the sheet. ``number`` as the spreadsheet shows it; ``problems`` by column."""

    number: int
    values: dict[str, str]
    problems: dict[str, Problem] = field(default_factory=dict)
    login: str = ""
    team: str | None = None
    roles: tuple[str, ...] = ()
    # An id, or the number of a line of this very sheet.
    manager: str | int | None = None

    def wrong(self, column: str, code: str, message: Message, hint: Message | None = None) -> None:
        """Note a problem; the first of a cell counts."""
        self.problems.setdefault(column, Problem(code, message, f"rows[{self.number}].{column}", hint))


def guess(header: Sequence[str]) -> dict[str, int]:
    """Which column holds what, by its heading; columns that fit nothing are left out."""
    found: dict[str, int] = {}
    tidy = [re.sub(r"[\s_*:：()（）]+", "", cell).lower() for cell in header]
    for exact in (True, False):
        for key, names in HEADINGS.items():
            for at, cell in enumerate(tidy):
                fits = cell in names if exact else bool(cell) and any(len(n) > 1 and n in cell for n in names)
                if key not in found and at not in found.values() and fits:
                    found[key] = at
    return found


def lines_of(table: Table) -> list[Line]:
    """The rows below the heading. Raises Invalid when there is no column of names, or nothing below."""
    columns = guess(table[0])
    if "name" not in columns:
        raise Invalid([Problem(
            "no_heading", _("No column is called “name”."), "file", _("The first row must hold headings such as name, log-in, phone, e-mail, team, roles, reports to."))])
    if len(table) < 2:
        raise Invalid([Problem("empty", _("There is nothing below the headings."), "file")])
    return [Line(n, {key: row[at] if at < len(row) else "" for key, at in columns.items()}) for n, row in enumerate(table[1:], 2)]


def check(ctx: Ctx, lines: Sequence[Line], *, new_teams: bool = False) -> list[str]:
    """Name every problem of every line, and find what the words stand for. Returns the teams that are not there.

    The same few statements however many lines there are.
    """
    teams = _named(roster.teams(ctx))
    people = _people(ctx)
    taken = _taken(ctx, lines)
    roles = _roles(ctx)
    seen: dict[str, int] = {}
    by_name: dict[str, list[Line]] = {}
    missing: dict[str, None] = {}
    for line in lines:
        line.problems.clear()
        by_name.setdefault(line.values.get("name", "").casefold(), []).append(line)
    for line in lines:
        _texts(line)
        _login(line, taken, seen)
        _team(line, teams, new_teams, missing)
        _roles_of(line, roles)
    for line in lines:
        _manager(line, people, by_name)
    _circles(lines)
    return list(missing)


def _texts(line: Line) -> None:
    v = line.values
    if not v.get("name"):
        line.wrong("name", "required", _("The name is missing."), _("Fill it in, or take the row out."))
    for key, text in v.items():
        if len(text) > (MOST_IN_CELL if key == "roles" else 120):
            line.wrong(key, "too_long", _("This is too long."), _("Shorten it."))
    email = v.get("email", "")
    if email and not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", email):
        line.wrong("email", "email", _("“{text}” is no e-mail address.", text=email[:60]), _("It looks like name@example.com."))


def _login(line: Line, taken: frozenset[str], seen: dict[str, int]) -> None:
    v = line.values
    key = next((k for k in ("login", "email", "phone") if v.get(k)), None)
    if key is None:
        line.wrong("login", "required", _("There is nothing to sign in with."), _("Fill in a log-in, an e-mail address or a phone number."))
        return
    line.login = accounts.normal_login(v[key])
    if line.login in taken:
        line.wrong(key, "login_taken", _("“{login}” signs in here already.", login=line.login), _("Take the row out, or give another log-in."))
    elif line.login in seen:
        line.wrong(key, "login_twice", _("“{login}” also stands in row {n}.", login=line.login, n=seen[line.login]), _("Each person needs a log-in of their own."))
    else:
        seen[line.login] = line.number


def _team(line: Line, teams: Mapping[str, list[str]], new_teams: bool, missing: dict[str, None]) -> None:
    text = line.values.get("team", "")
    line.team = None
    if not text:
        return
    found = teams.get(text.casefold(), [])
    if len(found) == 1:
        line.team = found[0]
    elif found:
        line.wrong("team", "ambiguous", _("Several teams are called “{name}”.", name=text[:60]), _("Leave it empty here and set the team afterwards."))
    else:
        missing[text] = None
        if not new_teams:
            line.wrong("team", "unknown_team", _("There is no team “{name}”.", name=text[:60]), _("Correct the name, or have missing teams made."))


def _roles(ctx: Ctx) -> dict[str, tuple[str, tuple[grants.Excess, ...]]]:
    found: dict[str, tuple[str, tuple[grants.Excess, ...]]] = {}
    for role in ctx.app.roles.values():
        beyond = grants.excess(ctx.release, ctx.actor, role)
        for name in {role.key, *(role.label.to(language) for language in LANGUAGES)}:
            found.setdefault(name.casefold(), (role.key, beyond))
    return found


def _roles_of(line: Line, roles: Mapping[str, tuple[str, tuple[grants.Excess, ...]]]) -> None:
    keys: dict[str, None] = {}
    for word in (w.strip() for w in _SPLIT.split(line.values.get("roles", ""))):
        if not word:
            continue
        found = roles.get(word.casefold())
        if found is None:
            line.wrong("roles", "unknown_role", _("There is no role “{name}”.", name=word[:60]), _("Choose from the roles of the application, several with commas between them."))
        elif found[1]:
            line.wrong("roles", "role_beyond", _("You may not give the role “{role}”: it allows more than you may yourself.", role=word[:60]), _("Leave it out here."))
        else:
            keys[found[0]] = None
    line.roles = tuple(keys)


def _manager(line: Line, people: Mapping[str, list[str]], by_name: Mapping[str, list[Line]]) -> None:
    text = line.values.get("manager", "")
    line.manager = None
    if not text:
        return
    here = list(by_name.get(text.casefold(), [])) or [o for group in by_name.values() for o in group if o.login == accounts.normal_login(text)]
    there = people.get(text.casefold(), [])
    if line in here:
        line.wrong("manager", "self", _("Nobody reports to themselves."), _("Leave it empty, or name somebody else."))
    elif len(here) + len(there) == 1:
        line.manager = here[0].number if here else there[0]
    elif here or there:
        line.wrong("manager", "ambiguous", _("Several people are called “{name}”.", name=text[:60]), _("Give the log-in instead of the name."))
    else:
        line.wrong("manager", "unknown_person", _("Nobody here is called “{name}”.", name=text[:60]), _("Correct the name, give the log-in, or leave it empty."))


def _circles(lines: Sequence[Line]) -> None:
    above = {line.number: line.manager for line in lines}
    by_number = {line.number: line for line in lines}
    for line in lines:
        seen, at = set(), line.number
        while isinstance(above.get(at), int):
            if at in seen:
                by_number[line.number].wrong("manager", "circle", _("These people report to each other in a circle."), _("Leave it empty for one of them."))
                break
            seen.add(at)
            at = above[at]  # type: ignore[assignment]


def _named(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for id_, name in pairs:
        found.setdefault(name.casefold(), []).append(id_)
    return found


def _people(ctx: Ctx) -> dict[str, list[str]]:
    """Everybody who is here already, by name and by log-in."""
    table = ctx.tables.of(PERSON)
    a = t.account.c
    rows = ctx.conn.execute(
        select(table.table.c.id, table.column("name"), a.login).select_from(table.table.outerjoin(t.account, a.person_id == table.table.c.id))
        .where(table.table.c.deleted_at.is_(None)))
    found: dict[str, list[str]] = {}
    for id_, name, login in rows:
        for word in {(name or "").casefold(), (login or "").casefold()} - {""}:
            found.setdefault(word, []).append(id_)
    return found


def _taken(ctx: Ctx, lines: Sequence[Line]) -> frozenset[str]:
    wanted = {accounts.normal_login(line.values[k]) for line in lines for k in ("login", "email", "phone") if line.values.get(k)}
    return frozenset(ctx.conn.execute(select(t.account.c.login).where(t.account.c.login.in_(sorted(wanted)))).scalars()) if wanted else frozenset()


# --- writing ----------------------------------------------------------------------------------------------------------


def write(ctx: Ctx, lines: Sequence[Line], *, new_teams: bool = False) -> list[tuple[Line, str]]:
    """Everybody of the sheet as a record with a sign-in, in this transaction; (line, person id) in order.

    Raises Invalid naming the row (``rows[n].column``) when something does not hold any more; then nothing may stay.
    """
    missing = check(ctx, lines, new_teams=new_teams)
    wrong = [problem for line in lines for problem in line.problems.values()]
    if wrong:
        raise Invalid(wrong)
    acting = ctx.acting(channel=CHANNEL)
    made = {name: road.create(acting, "team", Input({"name": name})).id for name in missing}
    ids = {line.number: ctx.new_id() for line in lines}
    done: set[int] = set()
    waiting = list(lines)
    while waiting:
        # Managers come before who reports to them.
        ready = [line for line in waiting if not isinstance(line.manager, int) or line.manager in done]
        _create(acting, ready, ids, made)
        done |= {line.number for line in ready}
        waiting = [line for line in waiting if line.number not in done]
    ctx.conn.execute(insert(t.account), [
        {"person_id": ids[line.number], "login": line.login, "password_hash": passwords.UNSET, "must_change": False} for line in lines])
    roles = [{"person_id": ids[line.number], "role": role} for line in lines for role in line.roles]
    if roles:
        ctx.conn.execute(insert(t.person_role), roles)
    accounts.bump_rights(ctx.conn)
    audit.note(acting, "person.imported", None, {"n": len(lines), "people": list(ids.values())})
    return [(line, ids[line.number]) for line in lines]


def _create(ctx: Ctx, lines: Sequence[Line], ids: Mapping[int, str], teams: Mapping[str, str]) -> None:
    inputs = []
    for line in lines:
        given: dict[str, Any] = {key: line.values[key] for key in ("name", "email", "phone") if line.values.get(key)}
        team = line.team or teams.get(line.values.get("team", ""))
        manager = ids[line.manager] if isinstance(line.manager, int) else line.manager
        given |= {key: value for key, value in (("team", team), ("manager", manager)) if value}
        inputs.append(Input(given, style="text"))
    try:
        road.create_many(ctx, PERSON, inputs, ids=[ids[line.number] for line in lines])
    except Invalid as error:
        raise Invalid([_placed(problem, lines) for problem in error.problems]) from error


_ITEM = re.compile(r"items\[(\d+)\]\.?(?:fields\.)?(\w*)")


def _placed(problem: Problem, lines: Sequence[Line]) -> Problem:
    """A problem of the record road, named by the row of the sheet."""
    match = _ITEM.match(problem.path)
    at, column = (int(match[1]), match[2]) if match else (0, problem.path.removeprefix("fields."))
    return Problem(problem.code, problem.message, f"rows[{lines[at].number}].{column or 'name'}", problem.hint, problem.rule)
