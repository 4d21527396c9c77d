"""Style and modules: read at start-up, served under a URL that names their content, cached for a year.

One digest stands for all files, so that a module finds the others by relative names.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.console.refusal import Refusal

STATIC: Final = "/static/"
FOLDER: Final = Path(__file__).with_name("static")
FOR_EVER: Final = "public, max-age=31536000, immutable"

_TYPES: Final[Mapping[str, str]] = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}

FILES: Final[Mapping[str, bytes]] = {
    path.name: path.read_bytes() for path in sorted(FOLDER.iterdir()) if path.suffix in _TYPES
}
DIGEST: Final = hashlib.sha256(
    b"".join(hashlib.sha256(part).digest() for name, body in FILES.items() for part in (name.encode(), body))
).hexdigest()[:20]


def static_url(name: str) -> str:
    """Return the URL of a file. Raises KeyError where there is none."""
    FILES[name]
    return f"{STATIC}{DIGEST}/{name}"


async def _serve(request: Request) -> Response:
    body = FILES.get(request.path_params["name"])
    if body is None or request.path_params["digest"] != DIGEST:
        raise Refusal(404)
    kind = _TYPES[Path(request.path_params["name"]).suffix]
    return Response(body, headers={"Cache-Control": FOR_EVER, "Content-Type": kind})


ROUTE: Final = Route(STATIC + "{digest}/{name}", _serve, methods=["GET"])
