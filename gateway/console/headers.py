"""The protective headers of the staff listener, on every response of it. Source: security-profile §8."""

from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

CSP: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
)
_DENIED: Final = (
    "accelerometer", "autoplay", "camera", "clipboard-read", "display-capture", "encrypted-media",
    "fullscreen", "geolocation", "gyroscope", "hid", "idle-detection", "magnetometer", "microphone", "midi", "payment",
    "picture-in-picture", "publickey-credentials-get", "screen-wake-lock", "serial", "usb", "xr-spatial-tracking",
)  # fmt: skip
PERMISSIONS: Final = ", ".join(f"{feature}=()" for feature in _DENIED)

_ALWAYS: Final = (
    (b"content-security-policy", CSP.encode("ascii")),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", PERMISSIONS.encode("ascii")),
)
_HTTPS: Final = (b"strict-transport-security", b"max-age=63072000; includeSubDomains")


def protected(app: ASGIApp, *, secure: bool) -> ASGIApp:
    """Return the application with these headers on whatever it answers; `secure` says that it is reached over https."""
    more = [*_ALWAYS, *([_HTTPS] if secure else [])]
    ours = {name for name, _ in more}

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                kept = [header for header in message.get("headers", ()) if header[0] not in ours]
                message = {**message, "headers": [*kept, *more]}
            await send(message)

        await app(scope, receive, with_headers)

    return answer
