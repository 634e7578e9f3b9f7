"""The addresses of the settings, spliced into ``runtime/web/urls.py``."""

from __future__ import annotations

from runtime.web import push
from runtime.web.lines import admin as _admin
from runtime.web.lines import get as _get
from runtime.web.lines import post as _post
from runtime.web.settings import audit_log, automations, calendars, connections, intake, invite, notices, outgoing, people, post, promises, roles, sessions, teams, tokens, trouble, volumes, workspace

# What lets a device ring; worker and manifest belong to the workspace and say nothing about anybody.
PUSH = (
    _get("/sw.js", push.worker), _get("/manifest.webmanifest", push.manifest), _post("/push/key", push.key), _post("/push", push.subscribe),
    _post("/push/remove", push.remove), _post("/push/later", push.later), _post("/push/try", push.try_it),
)

_PERSON = "/settings/people/<id>"
_OUTGOING = "/settings/outgoing/<id>"
_TEAM = "/settings/teams/<id>"


SETTINGS = (
    _get("/logo", workspace.logo),
    _admin("/settings/workspace", workspace.show),
    _admin("/settings/workspace", workspace.save, "POST"),
    _admin("/settings/audit", audit_log.show),
    _admin("/settings/audit/export", audit_log.export),
    _admin("/settings/volumes", volumes.show),
    _get("/settings/notices", notices.show),
    _post("/settings/notices", notices.save),
    _post("/settings/notices/test", notices.test),
    _get("/settings/notices/log", notices.mine),
    _admin("/settings/deliveries", notices.everybodys),
    _admin("/settings/promises", promises.show),
    _admin("/settings/automations", automations.show),
    _admin("/settings/automations/<key>", automations.page),
    _admin("/settings/automations/<key>/runs/<run>", automations.run),
    _admin("/settings/automations/<key>/switch", automations.switch, "POST"),
    _admin("/settings/automations/<key>/vouch", automations.vouch, "POST"),
    _get("/settings/calendars", calendars.show),
    _admin("/settings/connections", connections.show),
    _admin("/settings/connections", connections.create, "POST"),
    _admin("/settings/connections/<id>/key", connections.new_key, "POST"),
    _admin("/settings/connections/<id>/off", connections.switch_off, "POST"),
    _get("/settings/sessions", sessions.show),
    _post("/settings/sessions/end", sessions.end),
    _get("/settings/tokens", tokens.show),
    _post("/settings/tokens", tokens.create),
    _post("/settings/tokens/<id>/revoke", tokens.revoke),
    _admin("/settings/people", people.show),
    _admin("/settings/people/new", invite.show),
    _admin("/settings/people/new", invite.create, "POST"),
    _admin("/settings/people/import", intake.show),
    _admin("/settings/people/import", intake.check, "POST", reads=True, body_limit=intake.BODY_LIMIT),
    _admin("/settings/people/import/write", intake.write, "POST"),
    _admin(_PERSON, people.person),
    _admin(f"{_PERSON}/roles", people.save_roles, "POST"),
    _admin(f"{_PERSON}/login", people.save_login, "POST"),
    _admin(f"{_PERSON}/link/<kind>", people.link, "POST"),
    _admin(f"{_PERSON}/revoke", people.revoke, "POST"),
    _admin(f"{_PERSON}/unlock", people.unlock, "POST"),
    _admin(f"{_PERSON}/sessions", people.end_sessions, "POST"),
    _admin(f"{_PERSON}/leave", people.leave),
    _admin(f"{_PERSON}/leave", people.deactivate, "POST"),
    _admin(f"{_PERSON}/activate", people.activate, "POST"),
    _admin(f"{_PERSON}/handing", people.handing),
    _admin("/settings/teams", teams.show),
    _admin("/settings/teams/merging", teams.merging),
    _admin("/settings/teams/new", teams.new),
    _admin("/settings/teams/new", teams.create, "POST"),
    _admin("/settings/teams/move", teams.move, "POST"),
    _admin(_TEAM, teams.edit),
    _admin(_TEAM, teams.save, "POST"),
    _admin(f"{_TEAM}/dissolve", teams.dissolve_form),
    _admin(f"{_TEAM}/dissolve", teams.dissolve, "POST"),
    _admin("/settings/roles", roles.show),
    _admin("/settings/mail", post.show),
    _admin("/settings/mail/test", post.test, "POST"),
    _admin("/settings/mail/<int:id>/again", post.again, "POST"),
    *PUSH,
    _admin("/settings/outgoing", outgoing.show),
    _admin("/settings/outgoing", outgoing.create, "POST"),
    _admin(_OUTGOING, outgoing.open_),
    _admin(_OUTGOING, outgoing.save, "POST"),
    _admin(f"{_OUTGOING}/key", outgoing.new_key, "POST"),
    _admin(f"{_OUTGOING}/switch", outgoing.switch, "POST"),
    _admin(f"{_OUTGOING}/remove", outgoing.remove, "POST"),
    _admin(f"{_OUTGOING}/test", outgoing.test, "POST", reads=True),
    _admin("/settings/failed", trouble.show),
    _admin("/settings/failed/again", trouble.again, "POST"),
    _admin("/settings/failed/discard", trouble.discard, "POST"),
    _admin("/settings/failed/<int:id>/again", trouble.again, "POST"),
    _admin("/settings/failed/<int:id>/discard", trouble.discard, "POST"),
    _admin("/settings/all-tokens", tokens.show_all),
    _admin("/settings/all-tokens/<id>/revoke", tokens.revoke_any, "POST"),
)
