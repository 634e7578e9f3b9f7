"""OpenAPI 3.1 of the tenant's API, made from the release: only what the caller may do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from flask import Request

from kernel import fieldtypes
from kernel.i18n import to_text
from kernel.model.elements import Entity, Field
from kernel.permissions import EntityRights, rights_of
from kernel.platform.ctx import Ctx
from kernel.platform.releases import Release
from kernel.web.routes import json_response
from runtime.web.api import asks_shapes, automations_shapes, clocks_shapes, evidence_shapes, jobs_shapes, talk_shapes, views_shapes, work
from runtime.web.api.shapes import PARAMETERS, RESPONSES, SCHEMAS, array_of, operation, reference, refs

Json = dict[str, Any]


def document(ctx: Ctx, request: Request) -> Any:
    """The document for the caller's roles, scopes and language."""
    writes = ctx.actor.scopes is None or bool(ctx.actor.scopes & {"all", "write"})
    made = _document(ctx.release, frozenset(ctx.actor.roles), writes, ctx.language, ctx.tenant.slug, ctx.tenant.name, rights_of(ctx.release, ctx.actor),
        "administer" in ctx.actor.rights)
    return json_response(made)


@lru_cache(maxsize=128)
def _document(release: Release, roles: frozenset[str], writes: bool, language: str, slug: str, name: str, rights: Any, administers: bool) -> Json:
    paths: Json = {}
    schemas: Json = SCHEMAS | asks_shapes.SCHEMAS | automations_shapes.SCHEMAS | clocks_shapes.SCHEMAS | evidence_shapes.SCHEMAS | jobs_shapes.SCHEMAS | talk_shapes.SCHEMAS | views_shapes.SCHEMAS
    schemas |= work.SCHEMAS if administers else {}
    tags = []
    for entity in release.application.entities.values():
        access = rights.entity(entity.key)
        if not access.any("read") and not access.any("create"):
            continue
        maker = _Maker(release, entity, access, language, writes)
        schemas.update(maker.schemas())
        paths.update(maker.paths())
        tags.append({"name": entity.key, "description": to_text(entity.label, language)})
    paths.update(_files(writes) | jobs_shapes.paths(writes) | asks_shapes.paths(writes) | _approvals(writes))
    paths.update(clocks_shapes.paths() | evidence_shapes.paths(administers) | work.paths(administers, writes))
    return {
        "openapi": "3.1.0",
        "info": {"title": f"{name} API", "version": str(release.id), "description": f"Release {release.hash[:12]}"},
        "servers": [{"url": f"/t/{slug}/api/v1"}],
        "security": [{"token": []}],
        "tags": tags,
        "paths": paths,
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": schemas,
            "parameters": PARAMETERS,
            "responses": RESPONSES,
        },
    }


class _Maker:
    """Schemas and paths of one entity for one set of rights."""

    def __init__(self, release: Release, entity: Entity, access: EntityRights, language: str, writes: bool) -> None:
        self.release, self.entity, self.access, self.language, self.writes = release, entity, access, language, writes
        self.app = release.application
        self.name = "".join(part.capitalize() for part in entity.key.split("_"))

    def schemas(self) -> Json:
        fields = [f for f in self.entity.fields if f.key in self.access.readable_ever() and f.type != "referring"]
        written = [f for f in self.entity.fields if f.key in self.access.writable_ever() and fieldtypes.of(f).writable]
        return {
            f"{self.name}Fields": _object({f.key: self._shape(f, read=True, allowed=self.access.readable_ever()) for f in fields}),
            f"{self.name}Input": _object({f.key: self._shape(f, read=False, allowed=self.access.writable_ever()) for f in written})
            | {"additionalProperties": False},
            self.name: {
                "allOf": [
                    reference("Record"),
                    {"type": "object", "properties": {"fields": reference(f"{self.name}Fields"), "state": self._states()}},
                ]
            },
        }

    def _states(self) -> Json:
        machine = self.app.first_machine(self.entity.key)
        return {"type": "null"} if machine is None else {"enum": [s.key for s in machine.states]}

    def _shape(self, field: Field, read: bool, allowed: frozenset[str] | None = None) -> Json:
        """The field with its label; of child rows the cells in ``allowed`` (as ``rows.field``; None: all)."""
        label = {"title": to_text(field.label, self.language)}
        if field.type == "rows":
            cells = [f for f in field.fields if (read or fieldtypes.of(f).writable) and (allowed is None or f"{field.key}.{f.key}" in allowed)]
            row = _object({f.key: self._shape(f, read) for f in cells}) | {"additionalProperties": False}
            item = {"type": "object", "properties": {"id": {"type": "string"}, "fields": row}, "required": ["fields"], "additionalProperties": False}
            return label | {"type": ["array", "null"], "items": item}
        type_ = fieldtypes.of(field)
        shape = (type_.read_schema if read else type_.json_schema)(field, self.app.schema)
        return label | {"anyOf": [shape, {"type": "null"}]}

    def paths(self) -> Json:
        base = f"/records/{self.entity.key}"
        found: Json = {}
        if self.access.any("read"):
            found[base] = {
                "get": self._operation(
                    "list", "List records", array_of(self.name), [*refs("view", "where", "sort", "fields", "q", "limit", "cursor", "total")], errors=(404, 422)
                )
            }
            found[f"{base}/count"] = {"get": self._operation("count", "Count records", reference("Count"), refs("view", "where", "q"), errors=(404, 422))}
            one: Json = {"parameters": refs("id"), "get": self._operation("read", "Read a record", reference(self.name), errors=(404,), etag=True)}
            found[f"{base}/{{id}}"] = one
            cases = _object({"items": {"type": "array", "items": reference("Approval")}})
            found[f"{base}/{{id}}/approvals"] = {
                "parameters": refs("id"), "get": self._operation("approvals", "Read a record's approvals", cases, errors=(404,))}
            found[f"{base}/{{id}}/history"] = {
                "parameters": refs("id"),
                "get": self._operation("history", "Read a record's history", reference("History"), refs("limit", "before"), errors=(404, 422)),
            }
            found[f"{base}/{{id}}/clocks"] = {
                "parameters": refs("id"),
                "get": self._operation("clocks", "Read a record's clocks and how they are reckoned", reference("Clocks"), errors=(404,)),
            }
            found.update(evidence_shapes.of_record(base, self._operation))
            found[f"{base}/{{id}}/similar"] = {
                "parameters": refs("id"),
                "get": self._operation("similar", "Read which past records are like it, why, and which way they took", reference("Alike"), errors=(404,)),
            }
            found[f"{base}/{{id}}/transitions"] = {
                "parameters": refs("id"),
                "get": self._operation("doors", "Read what can be done next", reference("Doors"), errors=(404,)),
            }
            found.update(automations_shapes.paths(base, self._operation, refs, _body, self.writes and self._presses()))
            found.update(talk_shapes.paths(base, self._operation, refs, _body, self.writes))
            found.update(views_shapes.paths(self.entity.key, self._operation, refs, _body, self.writes))
        if self.writes:
            self._writing(found, base)
            if self.access.any("read"):
                found[f"{base}/{{id}}/asks"] = {
                    "parameters": refs("id"),
                    "post": self._operation(
                        "ask", "Ask somebody for what is missing", reference("Ask"), refs("idempotency"), asks_shapes.ASK_BODY, 201, (404, 409, 422)
                    ),
                }
        return found

    def _presses(self) -> bool:
        """Whether a button of these records may be meant for the caller: who may change them, or has a role that it names."""
        named = {role for a in self.release.application.automations if a.entity == self.entity.key for role in a.when.get("roles", ())}
        return self.access.any("update") or bool(named & self.access.actor.roles)

    def _writing(self, found: Json, base: str) -> None:
        change = _body({"fields": reference(f"{self.name}Input")}, ["fields"])
        if self.access.any("create"):
            found.setdefault(base, {})["post"] = self._operation(
                "create", "Create a record", reference(self.name), refs("idempotency"), change, 201, (403, 404, 409, 422), True
            )
        one = found.get(f"{base}/{{id}}")
        if one is None:
            return
        if self.access.any("update"):
            one["patch"] = self._operation("update", "Change a record", reference(self.name), refs("if_match"), change, 200, (403, 404, 412, 422, 428), True)
        self._transitions(found, base)
        steps = any(path.startswith(f"{base}/{{id}}/transitions/") for path in found)
        acts = [act for act in ("update", "transition", "assign", "delete") if (steps if act == "transition" else self.access.any(act))]  # type: ignore[arg-type]
        if acts:
            asked = jobs_shapes.body(acts, reference(f"{self.name}Input"))
            found[f"{base}/bulk"] = {"post": self._operation("bulk", "One act on many records", reference("Job"), refs("idempotency"), asked, 202, (404, 409, 422))}
        if self.access.any("delete"):
            one["delete"] = self._operation("delete", "Move a record to the bin", None, refs("if_match"), None, 204, (403, 404, 409, 412, 428))
            found[f"{base}/{{id}}/restore"] = {
                "parameters": refs("id"),
                "post": self._operation(
                    "restore", "Bring a record back from the bin", reference(self.name), refs("idempotency"), None, 200, (403, 404, 409, 422), True
                ),
            }
        if self.access.any("assign"):
            body = _body({"owner": {"type": ["string", "null"]}, "team": {"type": ["string", "null"]}}, [])
            found[f"{base}/{{id}}/assign"] = {
                "parameters": refs("id"),
                "post": self._operation(
                    "assign",
                    "Give a record to another owner or team",
                    reference(self.name),
                    refs("if_match", "idempotency"),
                    body,
                    200,
                    (403, 404, 409, 412, 422, 428),
                    True,
                ),
            }

    def _transitions(self, found: Json, base: str) -> None:
        for machine in self.app.machines_of(self.entity.key):
            for transition in machine.transitions:
                if not (self.access.rights.actor.roles.intersection(transition.who) if transition.who else self.access.any("update")):
                    continue
                asks = {f.key: self._shape(f, read=False) for f in transition.asks}
                more = {"note": {"type": "string"}, "files": {"type": "array", "items": {"type": "string"}}} if transition.approvals else {}
                body = _body({"fields": reference(f"{self.name}Input"), "asks": _object(asks) | {"additionalProperties": False}, **more}, [])
                title = to_text(transition.label, self.language)
                found[f"{base}/{{id}}/transitions/{transition.key}"] = {
                    "parameters": refs("id"),
                    "post": self._operation(
                        f"take_{transition.key}", title, reference(self.name), refs("if_match", "idempotency"), body, 200, (403, 404, 409, 412, 422, 428), True
                    ),
                }
                if transition.approvals:
                    waits = {"description": "Sent for approval", "content": {"application/json": {"schema": reference("Approval")}}}
                    found[f"{base}/{{id}}/transitions/{transition.key}"]["post"]["responses"]["202"] = waits

    def _operation(
        self,
        verb: str,
        summary: str,
        shape: Json | None,
        parameters: Iterable[Json] = (),
        body: Json | None = None,
        status: int = 200,
        errors: Iterable[int] = (),
        etag: bool = False,
    ) -> Json:
        return operation(f"{verb}_{self.entity.key}", summary, shape, parameters, body, status, errors, etag=etag, tags=[self.entity.key])


def _object(properties: Mapping[str, Any]) -> Json:
    return {"type": "object", "properties": dict(properties)}


def _body(properties: Mapping[str, Any], required: list[str]) -> Json:
    shape = _object(properties) | {"additionalProperties": False} | ({"required": required} if required else {})
    return {"required": bool(required), "content": {"application/json": {"schema": shape}}}


def _files(writes: bool) -> Json:
    variant = {"name": "variant", "in": "query", "schema": {"enum": ["preview", "thumb"]}, "description": "A smaller picture without metadata"}
    content = operation("read_file", "The bytes of a file", None, [variant], errors=(404, 422))
    content["responses"]["200"]["content"] = {"*/*": {}}
    paths: Json = {
        "/files/{id}": {"parameters": refs("id"), "get": operation("describe_file", "What a file is", reference("File"), errors=(404,))},
        "/files/{id}/content": {"parameters": refs("id"), "get": content},
    }
    if writes:
        form = {"type": "object", "properties": {"file": {"type": "string", "contentMediaType": "application/octet-stream"}}, "required": ["file"]}
        body = {"required": True, "content": {"multipart/form-data": {"schema": form}}}
        paths["/files"] = {"post": operation("upload_file", "Upload a file", reference("File"), body=body, status=201, errors=(422,))}
    return paths


def _approvals(writes: bool) -> Json:
    cases = _object({"items": {"type": "array", "items": reference("Approval")}})
    which = {"name": "list", "in": "query", "schema": {"enum": ["waiting", "decided", "mine"], "default": "waiting"}, "description": "Whose, of the caller"}
    paths: Json = {
        "/approvals": {"get": operation("list_approvals", "Approvals of the caller", cases, [which, *refs("limit", "before")], errors=(404, 422))},
        "/approvals/{id}": {"parameters": refs("id"), "get": operation("read_approval", "Read an approval", reference("Approval"), errors=(404, 422))},
    }
    if writes:
        act = {"name": "verb", "in": "path", "required": True, "schema": {"enum": ["approve", "decline", "return", "pass_on", "add", "withdraw"]}}
        text = {"type": "string"}
        body = _body({"note": text, "to": text, "files": {"type": "array", "items": text}, "seen": {"type": "integer"}}, [])
        paths["/approvals/{id}/{verb}"] = {
            "parameters": [*refs("id"), act],
            "post": operation(
                "act_on_approval", "Decide, pass on or withdraw an approval", reference("Approval"), refs("idempotency"), body, errors=(403, 404, 409, 422))}
    return paths
