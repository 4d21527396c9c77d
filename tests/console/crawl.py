"""Every page that links lead to, page by page: what it is called, where it leads, and which forms it has."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urlencode, urljoin, urlsplit

import httpx2
from starlette.routing import Route

OF_ONE_ROUTE = 3
"""Pages of one route that are opened at most because something leads there; those that a walk is begun with come besides."""
OF_ONE_FILE = 1
"""Likewise of a route that answers with a file."""


_FILE = re.compile(r"\.[\w-]+$")


@dataclass
class Form:
    """A form: where it goes, and whether it has a button that sends it."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    sends: bool = False


@dataclass
class Seen:
    """A page that was opened."""

    url: str
    route: str
    """The path of its route, as in PAGES."""
    status: int
    kind: str
    """Its media type."""
    lang: str = ""
    title: str = ""
    headings: list[str] = field(default_factory=list)
    """`h1`, `h2`… in order."""
    links: list[str] = field(default_factory=list)
    forms: list[Form] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    classes: set[str] = field(default_factory=set)

    @property
    def is_page(self) -> bool:
        return self.kind == "text/html"


def route_of(path: str, method: str, routes: Sequence[Route]) -> str | None:
    """Return the path of the first route that answers a request."""
    return next((r.path for r in routes if method in (r.methods or ()) and r.path_regex.match(path)), None)


async def crawl(http: httpx2.AsyncClient, starts: Sequence[str], routes: Sequence[Route]) -> dict[str, Seen]:
    """Open pages and whatever they lead to by links and by forms that only ask; return what was seen, by URL."""
    seen: dict[str, Seen] = {}
    opened: Counter[str] = Counter()
    waiting = [*starts]
    known = {*starts}
    for url in waiting:
        route = route_of(urlsplit(url).path, "GET", routes)
        assert route is not None, f"no route answers {url}"
        if url not in starts:
            if opened[route] >= (OF_ONE_FILE if _FILE.search(route) else OF_ONE_ROUTE):
                continue
            opened[route] += 1
        page = seen[url] = await look(http, url, route)
        for target in page.links:
            if target not in known:
                known.add(target)
                waiting.append(target)
    return seen


async def look(http: httpx2.AsyncClient, url: str, route: str) -> Seen:
    """Open a page; a redirection is one that leads on."""
    answer = await http.get(url, follow_redirects=False)
    kind = answer.headers.get("content-type", "").partition(";")[0]
    made = Seen(url=url, route=route, status=answer.status_code, kind=kind)
    if "location" in answer.headers:
        made.links = [_local(url, answer.headers["location"])]
    if made.is_page:
        reader = _Reader(made)
        reader.feed(answer.text)
        reader.close()
        asking = [f"{one.action}?{urlencode(one.fields)}" for one in made.forms if one.method == "get"]
        made.links = [one for one in dict.fromkeys(_local(url, link) for link in (*made.links, *asking)) if one]
    return made


def _local(base: str, href: str) -> str:
    """Return a link as path and query; nothing for one that leads elsewhere or stays on the page."""
    target = urlsplit(urljoin(base, href))
    if target.netloc or target.scheme or href.startswith("#"):
        return ""
    return target._replace(fragment="").geturl()


class _Reader(HTMLParser):
    """Keeps of a page what `Seen` has."""

    def __init__(self, page: Seen) -> None:
        super().__init__(convert_charrefs=True)
        self._page = page
        self._form: Form | None = None
        self._in_title = False
        self._select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        if "id" in said:
            self._page.ids.append(said["id"])
        self._page.classes.update(said.get("class", "").split())
        match tag:
            case "html":
                self._page.lang = said.get("lang", "")
            case "title":
                self._in_title = not self._page.title
            case "a" if "href" in said:
                self._page.links.append(said["href"])
            case "form":
                action = said.get("action") or self._page.url
                self._form = Form(action=action, method=said.get("method", "get").lower())
                self._page.forms.append(self._form)
            case "button" | "input" if said.get("type", "submit" if tag == "button" else "text") == "submit":
                if self._form is not None:
                    self._form.sends = True
                    if "formaction" in said:
                        self._page.forms.append(Form(action=said["formaction"], method=self._form.method, sends=True))
            case "input" if self._form is not None and "name" in said and said.get("type") not in {"checkbox", "radio"}:
                self._form.fields[said["name"]] = said.get("value", "")
            case "select":
                self._select = said.get("name", "")
            case "option" if self._form is not None and self._select and "value" in said:
                if self._select not in self._form.fields or "selected" in said:
                    self._form.fields[self._select] = said["value"]
            case _ if re.fullmatch(r"h[1-6]", tag):
                self._page.headings.append(tag)
            case _:
                pass

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        elif tag == "title":
            self._in_title = False
        elif tag == "select":
            self._select = ""

    def handle_data(self, data: str) -> None:
        if self._in_title:
            self._page.title += data
