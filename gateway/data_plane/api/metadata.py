"""What the authorization server and the resource say of themselves; made once, from configuration alone."""

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.data_plane.api.inbound import refuse_query
from gateway.jose.rfc7517 import jwk_set
from gateway.oauth import rfc8414, rfc9728
from gateway.oauth.rfc9728 import metadata_url

MAX_AGE = "public, max-age=300"


def routes(issuer: str, resource: str, keys: list[dict[str, str]]) -> list[Route]:
    """Return the three documents' routes; `keys` are the public response and receipt keys."""
    resource_path = metadata_url(resource).removeprefix(_origin(resource))
    return [
        _document(rfc8414.WELL_KNOWN, rfc8414.authorization_server_metadata(issuer, resource), "application/json"),
        _document(resource_path, rfc9728.protected_resource_metadata(issuer, resource), "application/json"),
        _document(rfc8414.JWKS_PATH, jwk_set(keys), "application/jwk-set+json"),
    ]


def _origin(url: str) -> str:
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}"


def _document(path: str, document: object, media_type: str) -> Route:
    body = msgspec.json.encode(document)

    async def show(request: Request) -> Response:
        refuse_query(request.scope)
        return Response(body, headers={"Cache-Control": MAX_AGE}, media_type=media_type)

    return Route(path, show, methods=["GET"])
