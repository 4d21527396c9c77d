"""gateway partner challenge | add-key | ask-resume | requests | approve | refuse | withdraw: what takes two people.

Once somebody holds a role, keys are registered with proof and by two people. Exit codes: 0 done · 1 refused, with the rule
and the mend, nothing done · 2 the command line itself · 3 no answer.
"""

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.cli.acting import By, Reason
from gateway.cli.office import on, shown
from gateway.cli.output import USAGE, Json, err, fail, out, say, show, text_of
from gateway.control_plane.office import Office
from gateway.control_plane.partners import both_named, requests as steps
from gateway.control_plane.partners.possession import Proved, challenge as challenged, opened, proved, read, same_set
from gateway.core.changes.partner_request import PartnerRequest
from gateway.core.days import JST
from gateway.core.refused import Refused
from gateway.jose.rfc7517 import KeyRefused, PublicKey, accept_partner_set
from gateway.settings import Settings

Id = Annotated[str, typer.Argument(help="申請の番号 / the request's id")]
Jwks = Annotated[Path, typer.Argument(help="提供先の公開鍵 / the partner's public keys")]
Approver = Annotated[
    str | None,
    typer.Option(
        help="承認する別の人。省けば承認待ちの申請になる / another who approves; left out, it waits as a request"
    ),
]


def challenge(coop: str, partner: str, client: str, jwks: Jwks) -> None:
    """鍵を持つことを提供先に証明してもらうチャレンジを出す / Print the challenge by which a partner proves its keys."""
    keys = _accepted(jwks)

    async def work(office: Office, _: Settings) -> dict[str, Any]:
        steps.check_client(office.in_force.current(coop), partner, client)
        key = office.possession_key(coop)
        return challenged(key, keys, coop=coop, partner=partner, client=client, now=office.clock())

    made = on(coop, work)
    print(json.dumps(made, ensure_ascii=False, indent=1))
    err.print(
        f"24時間以内に / within 24 hours ({made['expires']}): "
        f"gateway client prove challenge.json --keys <鍵のフォルダ / folder> > answer.json",
        markup=False,
        highlight=False,
    )


def add_key(
    coop: str,
    partner: str,
    client: str,
    jwks: Jwks,
    by: By,
    reason: Reason,
    challenge: Annotated[
        Path | None, typer.Option(help="提供先に渡したチャレンジ / the challenge that the partner was given")
    ] = None,
    answer: Annotated[Path | None, typer.Option(help="提供先の回答 / what the partner answered")] = None,
    approver: Approver = None,
    as_json: Json = False,
) -> None:
    """公開鍵の組(JWKS)を登録する。担当者に役割があれば、証明と二人が必要 / Register a client's keys; with proof, by two."""
    keys = _accepted(jwks)
    if (challenge is None) != (answer is None):
        raise fail("--challenge と --answer は両方必要です / --challenge and --answer go together", USAGE)

    async def work(office: Office, _: Settings) -> PartnerRequest | tuple[list[int], bool]:
        proof = _proof(office, coop, partner, client, keys, challenge, answer)
        words = {"by": by, "reason": reason}
        if not await office.staff.roles(coop):
            indexes = await both_named.register_alone(office, coop, partner, client, keys, **words, proof=proof)
            return indexes, proof is not None
        if proof is None:
            raise Refused(
                "possession",
                "鍵の登録には、提供先が鍵を持つことの証明が必要です。`gateway partner challenge` で作って渡し、"
                "--challenge と --answer を付けてください",
                "keys are registered with proof that the partner holds them: make a challenge with `gateway partner "
                "challenge`, then give --challenge and --answer",
            )
        if approver is None:
            return await steps.ask_keys(office, coop, partner, client, proof, **words)
        return [await both_named.register(office, coop, partner, client, proof, **words, approver=approver)], True

    done = on(coop, work)
    if isinstance(done, PartnerRequest):
        _told(done, as_json=as_json)
        return
    indexes, sure = done
    how = "所持を証明済み / possession proved" if sure else "所持の証明なし / without proof of possession"
    text = f"登録しました / registered, as entries {indexes} of {coop} ({how})"
    say(text, as_json=as_json, indexes=indexes, proved=sure)


def ask_resume(coop: str, partner: str, by: By, reason: Reason, as_json: Json = False) -> None:
    """提供先の再開を申請する(承認は別の人) / Ask that a partner be resumed; another person approves."""

    async def work(office: Office, _: Settings) -> PartnerRequest:
        return await steps.ask_resume(office, coop, partner, by=by, reason=reason)

    _told(on(coop, work), as_json=as_json)


def requests(coop: str, as_json: Json = False) -> None:
    """二人で行う提供先の申請を一覧する / List what was asked for of partners."""

    async def work(office: Office, _: Settings) -> list[PartnerRequest]:
        return await office.partner_requests.all(coop)

    show([facts(one) for one in on(coop, work)], as_json=as_json)


def approve(coop: str, request: Id, by: By, as_json: Json = False) -> None:
    """申請を承認する(申請した人以外の承認者) / Approve, as another person; what was asked for is done then."""
    _step(coop, request, lambda office, one: steps.approve(office, one, by=by), as_json=as_json)


def refuse(coop: str, request: Id, by: By, reason: Reason, as_json: Json = False) -> None:
    """申請を却下する / Refuse what was asked for."""
    _step(coop, request, lambda office, one: steps.refuse(office, one, by=by, reason=reason), as_json=as_json)


def withdraw(coop: str, request: Id, by: By, reason: Reason, as_json: Json = False) -> None:
    """申請を取り下げる / Take back what was asked for."""
    _step(coop, request, lambda office, one: steps.withdraw(office, one, by=by, reason=reason), as_json=as_json)


COMMANDS: dict[str, Callable[..., None]] = {
    "challenge": challenge,
    "add-key": add_key,
    "ask-resume": ask_resume,
    "requests": requests,
    "approve": approve,
    "refuse": refuse,
    "withdraw": withdraw,
}


def facts(one: PartnerRequest) -> dict[str, object]:
    """Return how a request stands, for a table or as JSON."""
    return {
        "request": one.id,
        "kind": one.kind,
        "state": one.state,
        "partner": one.partner,
        "client": one.client or None,
        "kids": ", ".join(key["kid"] for key in one.keys),
        "asker": one.asker,
        "asked": one.asked.astimezone(JST).isoformat(timespec="seconds"),
        "reason": one.reason,
        "decider": one.decider,
        "said": one.said,
        "entry": one.entry,
    }


def _step(
    coop: str, request: str, act: Callable[[Office, PartnerRequest], Awaitable[PartnerRequest]], *, as_json: bool
) -> None:
    async def work(office: Office, _: Settings) -> PartnerRequest:
        one = await office.partner_requests.get(coop, request)
        if one is None:
            raise fail(
                f"`{request}` という申請はありません。`gateway partner requests {coop}` で確かめてください\n"
                f"there is no request `{request}`; see `gateway partner requests {coop}`",
                USAGE,
            )
        return await act(office, one)

    _told(on(coop, work), as_json=as_json)


def _told(one: PartnerRequest, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(facts(one), ensure_ascii=False))
        return
    out.print(f"{one.id}: {one.state} {one.kind} {one.partner} {shown(one.client)}", markup=False, highlight=False)
    if one.state == "open":
        following = f"gateway partner approve {one.coop} {one.id} --by <承認者の担当者ID>"
        err.print(f"次に / next: {following}", markup=False, highlight=False)


def _accepted(jwks: Path) -> tuple[PublicKey, ...]:
    try:
        return accept_partner_set(json.loads(jwks.read_text()))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError, RecursionError) as refused:
        raise fail(
            f"`{jwks}` をJSONとして読めません / cannot be read as JSON: {type(refused).__name__}", USAGE
        ) from None
    except KeyRefused as refused:
        where = "" if refused.key is None else f" (key `{refused.key}`)"
        raise fail(
            f"`{jwks}` の鍵は使えないので、何も登録していません{where}\n"
            f"`{jwks}` is refused: {refused.reason}{where}; nothing was registered"
        ) from None


def _proof(
    office: Office,
    coop: str,
    partner: str,
    client: str,
    keys: tuple[PublicKey, ...],
    challenge: Path | None,
    answer: Path | None,
) -> Proved | None:
    if challenge is None or answer is None:
        return None
    key = office.possession_key(coop)
    given = read(text_of(challenge), challenge.name)
    same_set(opened(key, given, coop=coop), keys)
    said = read(text_of(answer), answer.name)
    return proved(key, given, said, coop=coop, partner=partner, client=client, now=office.clock())
