"""Pages from templates: a whole page, or one of its blocks for htmx. Jinja renders only files we ship (SAFETY D17)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flask import Flask, Request, current_app, request
from jinja2 import ChoiceLoader, FileSystemLoader, StrictUndefined, Template, pass_eval_context
from jinja2.filters import do_trim, do_xmlattr
from jinja2.nodes import EvalContext
from werkzeug.wrappers import Response as BaseResponse

from kernel.errors import Message
from kernel.platform.ctx import Ctx
from kernel.web import csrf
from kernel.web.i18n import as_text, gettext, reader_language, reading_in, shown, wanted_language
from kernel.web.request import state
from kernel.web.shell import ACCENTS, THEMES, Shell, ShellPerson
from kernel.web.texts import ui_texts

if TYPE_CHECKING:
    from kernel.web.application import Web

TEMPLATES = Path(__file__).resolve().parents[2] / "templates"
THEME_COOKIE, DENSITY_COOKIE = "fy-theme", "fy-density"
PRODUCT: Mapping[str, str] = {"zh": "方圆", "en": "Fangyuan"}


@dataclass(frozen=True, slots=True)
class Page:
    """What a view returns instead of HTML: a template with its context, or only the block ``fragment`` of it.

    Templates also get ``shell``, ``ctx`` (None when nobody is signed in) and ``base`` (``/t/<tenant>``).
    A status of 400 or more undoes the unit of work.
    """

    template: str
    context: Mapping[str, Any] = field(default_factory=dict)
    fragment: str | None = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


class Absent(StrictUndefined):
    """What a template names but nobody gave: false in a condition (optional keys), an error wherever it would be used."""

    __slots__ = ()

    def __bool__(self) -> bool:  # type: ignore[override]
        return False


ShellBuilder = Callable[[Ctx, Request, Shell], Shell]


def install(app: Flask, template_dirs: Sequence[Path] = ()) -> None:
    """Set up the application's Jinja environment. Must come before the first template is loaded."""
    app.jinja_options = {
        "undefined": Absent, "autoescape": True, "finalize": shown, "auto_reload": False,
        "extensions": ["jinja2.ext.loopcontrols", "jinja2.ext.do"],
    }
    app.jinja_loader = ChoiceLoader([FileSystemLoader(str(folder)) for folder in (TEMPLATES, *template_dirs)])
    env = app.jinja_env
    env.globals.update({"_": gettext, "t": as_text, "ui_texts": ui_texts, "language": reader_language})
    # Filters that make text of their own see texts and labels in the reader's language too.
    env.filters.update({"t": as_text, "xmlattr": _xmlattr, "trim": lambda value, chars=None: do_trim(shown(value), chars)})
    env.policies["json.dumps_kwargs"] = {"sort_keys": False, "default": shown, "ensure_ascii": False}


@pass_eval_context
def _xmlattr(eval_ctx: EvalContext, attributes: Mapping[str, Any], autospace: bool = True) -> str:
    # False leaves an attribute out, True writes it bare, as everywhere in our macros.
    kept = {name: "" if value is True else shown(value) for name, value in attributes.items() if value is not False}
    return do_xmlattr(eval_ctx, kept, autospace)


def render(page: Page, ctx: Ctx | None) -> BaseResponse:
    """The page (or block) in the language of its reader."""
    known = state()
    language = ctx.language if ctx is not None else known.language
    with reading_in(language):
        base = f"/t/{known.slug}" if known.slug else ""
        context = {"shell": shell_for(ctx, base), "ctx": ctx, "base": base, **page.context}
        template = current_app.jinja_env.get_template(page.template)
        html = template.render(context) if page.fragment is None else render_block(template, page.fragment, context)
    return current_app.response_class(html, status=page.status, headers=dict(page.headers), mimetype="text/html")


def render_block(template: Template, block: str, context: Mapping[str, Any]) -> str:
    """One block of a template, its own or inherited. Raises KeyError for a block that does not exist.

    Imports and assignments at the top of the file run first, as far as the first words it would print: blocks rely on them.
    """
    bound = template.new_context(dict(context))
    root = template.root_render_func(bound)
    for words in root:
        if words.strip():
            break
    root.close()  # type: ignore[attr-defined]
    return "".join(bound.blocks[block][0](bound))


def shell_for(ctx: Ctx | None, base: str) -> Shell:
    """The frame of a page: what the platform knows, then what the application's side adds (navigation, counts)."""
    web: Web = current_app.extensions["fangyuan"]
    known = state()
    density = request.cookies.get(DENSITY_COOKIE, "comfortable")
    density = density if density in ("comfortable", "compact") else "comfortable"
    if ctx is None:
        theme = request.cookies.get(THEME_COOKIE, "system")
        return Shell(
            tenant_name=PRODUCT[known.language], csrf=known.csrf, nonce=known.nonce, language=known.language, base=base,
            theme=theme if theme in THEMES else "system", density=density, preferences_href=f"{base}/preferences")
    actor, tenant = ctx.actor, ctx.tenant
    shell = Shell(
        tenant_name=tenant.name, csrf=known.csrf, nonce=known.nonce, language=actor.language, base=base,
        logo_url=tenant.settings.get("logo"), accent=tenant.settings.get("accent") or ACCENTS[0], languages=tenant.languages,
        theme=actor.theme if actor.theme in THEMES else "system",
        density=density, person=ShellPerson(actor.name, f"{base}/me", tone=tone_of(actor.person)), can_design=actor.admin,
        design_href=f"{base}/design/" if actor.admin else None, sign_out_href=f"{base}/logout", preferences_href=f"{base}/preferences",
        viewing=actor.name if actor.viewer is not None else None)
    return shell if web.shell is None else web.shell(ctx, request, shell)


def tone_of(person: str) -> int:
    """The colour of a person's avatar, 1 to 6, the same everywhere."""
    return sum(person.encode()) % 6 + 1


def signed_out_state(web: Web) -> None:
    """Language and CSRF token of somebody without a session, kept by a cookie that is handed out with the page."""
    from kernel.platform.ids import secret

    known = state()
    known.language = wanted_language(request)
    nonce = request.cookies.get(csrf.PRE_COOKIE, "")
    if not 20 <= len(nonce) <= 100:
        nonce = known.new_pre_cookie = secret()
    known.csrf = csrf.token_for(web.settings, "pre\0" + nonce)


def message(text: Message) -> str:
    """A message in the language of the reader of this request."""
    return text if isinstance(text, str) else text.to(state().language)
