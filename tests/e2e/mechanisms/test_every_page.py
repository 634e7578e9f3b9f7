"""Everybody follows every link they are offered, in both languages: no page falls over, none speaks the wrong language."""

from __future__ import annotations

import re
from collections import deque
from urllib.parse import urldefrag, urlsplit

import pytest

from tests.e2e.mechanisms import keys
from tests.e2e.mechanisms.conftest import People
from tests.scale import scaled

pytestmark = pytest.mark.browser
PAGES = {"zh": scaled(24, 60), "en": scaled(10, 60)}
# Kinds of pages are told apart by their address without ids and values; of one kind a few are enough.
SAME_KIND = scaled(2, 3)
# Words in Latin letters that stand on Chinese pages rightly: names of keys, shortcuts, formats, and this machine's own words.
LATIN = frozenset(re.findall(r"\w+", """
ctrl k english a b c vip id url api csv excel json yaml pdf jpg jpeg png webp heic kb mb gb ok nps erp oa hemu example com www http https
utc asia shanghai op cny usd eur rmb m fangyuan email mail html ai sdk v logo qr wifi app led mdf pvc
"""))
ENGLISH = re.compile(r"(?<![A-Za-z0-9_./@·-])[A-Za-z]{3,}(?: [A-Za-z]{2,})+(?![A-Za-z0-9_./@-])")
FACTS = """width => ({
  h1: [...document.querySelectorAll('h1')].filter(e => !e.closest('dialog')).length,
  main: document.querySelectorAll('main').length,
  lang: document.documentElement.lang, title: document.title,
  wide: document.documentElement.scrollWidth > width || innerWidth > width,
  words: [...document.querySelectorAll('main, nav')].map(e => e.innerText).join('\\n'),
  hrefs: [...document.querySelectorAll('a[href]')].filter(a => !a.hasAttribute('download') && a.target !== '_blank').map(a => a.href),
})"""


def kind_of(url):
    """The address without what differs from record to record."""
    parts = urlsplit(url)
    path = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "ID", parts.path)
    names = sorted(pair.split("=")[0] for pair in parts.query.split("&") if pair)
    return path, tuple(names)


def english_in(words, named):
    """Phrases of two or more Latin words, none of them allowed. Names of elements stand on Design pages in both languages."""
    for name in named:
        words = words.replace(name, "\n")
    return [p for p in ENGLISH.findall(words) if not any(w.lower() in LATIN for w in p.split())]


def names_of(application):
    """English names of what the application consists of, longest first."""
    elements = [e for entity in application.entities.values() for e in (entity, *entity.fields, *entity.validations)]
    return sorted({str(e.labels["en"]) for e in elements if e.labels and "en" in e.labels}, key=len, reverse=True)


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("role", list(keys.ROLES))
def test_every_link_of_every_role_leads_somewhere(demo, browser, role, language):
    size = "phone" if language == "en" else "desktop"
    people = People(demo, browser, size)
    page = people.page(keys.ROLES[role], None, language)
    with demo.ctx() as ctx:
        named = names_of(ctx.app)
    start = f"{demo.base}/"
    waiting, seen, kinds = deque([(start, "")]), {start}, {kind_of(start): 1}
    found, visited = [], 0
    while waiting and visited < PAGES[language]:
        url, origin = waiting.popleft()
        answer = page.goto(url, wait_until="load")
        visited += 1
        where = f"{url} (from {origin})"
        if answer.status >= 400:
            found.append(f"{answer.status}: {where}")
            continue
        if "html" not in answer.headers.get("content-type", ""):
            continue
        facts = page.evaluate(FACTS, page.viewport_size["width"])
        if facts["h1"] != 1 or facts["main"] != 1:
            found.append(f"{facts['h1']} h1, {facts['main']} main: {where}")
        if facts["wide"]:
            found.append(f"stands out to the right: {where}")
        if not facts["title"].strip() or not facts["lang"].startswith(language):
            found.append(f"title {facts['title']!r}, language {facts['lang']!r}: {where}")
        if language == "zh" and (english := english_in(facts["words"], named)):
            found.append(f"English {english[:4]}: {where}")
        for href in facts["hrefs"]:
            target = urldefrag(href)[0]
            kind = kind_of(target)
            if target.startswith(f"{demo.base}/") and target not in seen and kinds.get(kind, 0) < SAME_KIND:
                seen.add(target)
                kinds[kind] = kinds.get(kind, 0) + 1
                waiting.append((target, urlsplit(url).path))
    people.close()
    assert not found and not people.faults, "\n".join([*found, *people.faults])
    assert visited >= 8
