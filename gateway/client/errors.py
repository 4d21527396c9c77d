"""What can go wrong, told apart by whose fault it is; no text carries a member's code or value.

ConfigError      a file on this side: names the file and the member to mend
UsageError       the call on this side: asks for what client.json or the protocol does not know
TransportError   the way between: no complete answer came back
Refused          the gateway answered, and its answer is no (`NotPermitted`: by agreement)
                 (`ExportGone`: there is no such export for this client and purpose, or no longer)
AnswerRejected   the gateway's answer does not prove what it must; its data was thrown away
ExportEnded      the export was cancelled, expired or failed before all of it was here
ExportStalled    the gateway has made no further part for a long while; the download can be taken up again
FileError        a file that is to be written or read cannot be, as it is; `Unencodable`: a character has no place in it
"""


class ClientError(Exception):
    """Everything this client raises on purpose."""


class ConfigError(ClientError):
    """A file of this client cannot be used as it is: `file`, the `member` in it (or none), and the mend."""

    def __init__(self, *, file: str, message: str, member: str | None = None) -> None:
        super().__init__(f"{file}: `{member}` {message}" if member else f"{file}: {message}")
        self.file = file
        self.member = member


class UsageError(ClientError, ValueError):
    """The call cannot be made into a request; nothing was sent."""


class TransportError(ClientError):
    """No complete answer arrived. A transfer may have been released and logged all the same: ask again."""


class Refused(ClientError):
    """The gateway refused; nothing was released to this call.

    `slug` is the problem's last segment (`urn:joint-use:problem:<slug>`) or, from the token endpoint, the
    OAuth error code; `error` the code in `WWW-Authenticate`; `pointer` an RFC 6901 path into the request.
    """

    def __init__(
        self,
        *,
        slug: str,
        status: int,
        request_id: str | None = None,
        retry_after: int | None = None,
        pointer: str | None = None,
        error: str | None = None,
    ) -> None:
        told = [f"{status} {slug}"]
        told += [f"error {error}"] if error else []
        told += [f"at {pointer}"] if pointer else []
        told += [f"retry after {retry_after} s"] if retry_after is not None else []
        told += [f"request {request_id}"] if request_id else []
        super().__init__(", ".join(told))
        self.slug = slug
        self.status = status
        self.request_id = request_id
        self.retry_after = retry_after
        self.pointer = pointer
        self.error = error


class NotPermitted(Refused):
    """No agreement in force permits this: purpose, field, product, term or suspension; the gateway does not say which."""


class ExportGone(Refused):
    """No such export for this client and purpose: expired, confirmed, cancelled or never there; the gateway does not say which."""


class ExportEnded(ClientError):
    """An export came to an end before it was complete; `state` is cancelled, expired or failed."""

    def __init__(self, state: str) -> None:
        super().__init__(f"the export is {state}")
        self.state = state


class ExportStalled(ClientError):
    """No further part was made for so many seconds; what is here stays and the download goes on when it is run again."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"no further part was made for {seconds:.0f} s")
        self.seconds = seconds


class FileError(ClientError):
    """A file that is written or read cannot be, as it is: `file` and why."""

    def __init__(self, file: str, message: str) -> None:
        super().__init__(f"{file}: {message}")
        self.file = file


class Unencodable(FileError):
    """A value has a character that the file's encoding does not have: `record` counts from 1; the value is not told."""

    def __init__(self, file: str, *, record: int, field: str, encoding: str) -> None:
        super().__init__(file, f"record {record}, field `{field}`: a character is not in {encoding}")
        self.record = record
        self.field = field


class AnswerRejected(ClientError):
    """The answer failed a check and none of its data was returned; `check` names the check and is stable."""

    def __init__(self, check: str, message: str) -> None:
        super().__init__(f"{check}: {message}")
        self.check = check
