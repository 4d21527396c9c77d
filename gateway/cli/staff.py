"""gateway staff list | add | leave | role | deputy | end-role | password | link | unlink | review."""

import sys
from base64 import b32decode
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, TypeVar, cast

import pyotp
import typer

from gateway.app.office import office_of
from gateway.app.storage import Stores, stores
from gateway.cli.output import USAGE, Json, fail, run, said, say, settings, show
from gateway.cli.policy import known
from gateway.control_plane.people import identities, people, role_review
from gateway.control_plane.people.credentials import accept_password, hash_password, seal_totp, totp_key
from gateway.control_plane.people.rules import PeopleRefused
from gateway.core.days import JST, jst_day, midnight, midnight_after
from gateway.core.staff import ROLES, Role, RoleHeld
from gateway.ports import Credentials, Person as Member
from gateway.settings import Settings

app = typer.Typer(help="担当者・役割・サインイン / staff: people, their roles, how they sign in", no_args_is_help=True)
_T = TypeVar("_T")


def _role(text: str) -> str:
    if text not in ROLES:
        raise typer.BadParameter(f"役割は / the roles are: {', '.join(ROLES)}")
    return text


By = Annotated[str, typer.Option(help="操作する人(担当者ID) / who does it, by id", callback=said)]
Reason = Annotated[str, typer.Option(help="理由 / why", callback=said)]
Person = Annotated[str, typer.Argument(help="担当者ID / the person's id")]
Department = Annotated[str | None, typer.Option(help="部署(admin・manager) / the department, of an admin or manager")]
First = Annotated[
    datetime | None,
    typer.Option("--from", formats=["%Y-%m-%d"], help="初日(省けば今から) / first day in Japan; now if left out"),
]
Last = Annotated[
    datetime | None,
    typer.Option("--to", formats=["%Y-%m-%d"], help="末日(含む) / last day in Japan, included"),
]


@app.command("list")
def list_staff(
    coop: str,
    everything: Annotated[
        bool, typer.Option("--all", help="退いた人と終わった役割も / also who has left, and roles that ended")
    ] = False,
    as_json: Json = False,
) -> None:
    """担当者と役割を一覧する / List the staff and their roles. Exit: 0 · 2 usage · 3 the log does not answer."""

    async def work(opened: Stores, _: Settings) -> tuple[list[Member], list[RoleHeld]]:
        now = opened.clock()
        people = [one for one in await opened.staff.people(coop) if everything or one.active]
        return people, [one for one in await opened.staff.roles(coop) if everything or _goes_on(one, now)]

    found, roles = _on(coop, work)
    rows: list[dict[str, object]] = []
    for one in found:
        theirs = [role for role in roles if role.person == one.id]
        about = {"person": one.id, "name": one.name, "state": "active" if one.active else "left"}
        if as_json:
            rows.append(about | {"roles": [_facts(role) for role in theirs]})
        else:
            rows += [about | _cells(role) for role in theirs] or [about | _cells(None)]
    show(rows, as_json=as_json)


@app.command()
def add(
    coop: str,
    person: Person,
    name: Annotated[str, typer.Option(help="氏名 / the name", callback=said)],
    by: By,
    reason: Reason,
    as_json: Json = False,
) -> None:
    """担当者を加える(役割はまだない) / Add a person, who holds no role yet. Exit: 0 · 1 refused · 2 usage · 3 no log."""

    async def work(opened: Stores, _: Settings) -> int:
        return await people.add_person(
            opened.log, opened.staff, coop, person, name, by=by, reason=reason, clock=opened.clock
        )

    index = _on(coop, work)
    say(f"{person} を加えました / added, as entry {index} of {coop}", as_json=as_json, index=index, person=person)


@app.command()
def leave(coop: str, person: Person, by: By, reason: Reason, as_json: Json = False) -> None:
    """担当者が退く(役割とサインインも終わる) / A person leaves; roles and sessions end. Exit: 0 · 1 refused · 2 usage · 3 no log."""

    async def work(opened: Stores, _: Settings) -> int:
        return await people.person_leaves(
            opened.log, opened.staff, coop, person, by=by, reason=reason, clock=opened.clock
        )

    index = _on(coop, work)
    say(f"{person} は退きました / has left, as entry {index} of {coop}", as_json=as_json, index=index, person=person)


@app.command()
def role(
    coop: str,
    person: Person,
    role: Annotated[str, typer.Argument(help=" | ".join(ROLES), callback=_role)],
    by: By,
    reason: Reason,
    department: Department = None,
    first: First = None,
    last: Last = None,
    as_json: Json = False,
) -> None:
    """役割を与える / Give a person a role. Exit: 0 · 1 refused · 2 usage · 3 the log does not answer."""
    _give(
        coop,
        person,
        cast("Role", role),
        department=department,
        first=first,
        last=last,
        by=by,
        reason=reason,
        as_json=as_json,
    )


@app.command()
def deputy(
    coop: str,
    person: Person,
    manager: Annotated[str, typer.Option("--for", help="本人(managerの担当者ID) / the manager who is stood in for")],
    department: Annotated[str, typer.Option(help="部署 / the department")],
    last: Annotated[
        datetime,
        typer.Option("--to", formats=["%Y-%m-%d"], help="末日(含む、400日まで) / last day, included; 400 days at most"),
    ],
    by: By,
    reason: Reason,
    first: First = None,
    as_json: Json = False,
) -> None:
    """代理承認者を立てる / Let a person stand in for a manager. Exit: 0 · 1 refused · 2 usage · 3 the log does not answer."""
    _give(
        coop,
        person,
        "manager",
        department=department,
        first=first,
        last=last,
        deputy_for=manager,
        by=by,
        reason=reason,
        as_json=as_json,
    )


@app.command("end-role")
def end_role(
    coop: str,
    role: Annotated[str, typer.Argument(help="役割の番号(staff list にある) / the role's id, from `staff list`")],
    by: By,
    reason: Reason,
    last: Last = None,
    as_json: Json = False,
) -> None:
    """役割を終わらせる(--to を省けば直ちに) / End a role, at once without --to. Exit: 0 · 1 refused · 2 usage · 3 no log."""
    end = None if last is None else midnight_after(last.date())

    async def work(opened: Stores, _: Settings) -> int:
        return await people.end_role(
            opened.log, opened.staff, coop, role, end=end, by=by, reason=reason, clock=opened.clock
        )

    index = _on(coop, work)
    say(f"{role} を終わらせました / ended, as entry {index} of {coop}", as_json=as_json, index=index, role=role)


@app.command()
def password(
    coop: str,
    person: Person,
    from_stdin: Annotated[
        bool, typer.Option("--stdin", help="標準入力の1行を読む / read one line from standard input")
    ] = False,
    totp: Annotated[
        bool, typer.Option("--totp", help="確認コードの秘密を作り直す / make a new TOTP secret also where there is one")
    ] = False,
    as_json: Json = False,
) -> None:
    """パスワードを設定する(12字以上)。サインイン中の画面は終わる / Set a password; what is signed in is signed out.

    otpauth:// はこの一度だけ表示されます。 Exit: 0 · 1 refused · 2 usage · 3 the database does not answer.
    """
    secret = _line() if from_stdin else _twice()

    async def work(opened: Stores, configured: Settings) -> str | None:
        accept_password(secret, person=person)
        hashed = hash_password(secret)
        if person not in {one.id for one in await opened.staff.people(coop) if one.active}:
            raise fail(f"`{person}` は在籍中の担当者ではありません / is nobody of the active staff of {coop}", USAGE)
        was = await opened.staff.credentials(coop, person) or Credentials()
        new = pyotp.random_base32() if totp or not was.totp else None
        sealed = was.totp
        if new is not None:
            sealed = seal_totp(b32decode(new), totp_key(opened.keys.coop_secrets(coop)))
        # The last accepted time step stays: what was seen once is accepted by no secret again.
        credentials = Credentials(password=hashed, totp=sealed, counter=was.counter)
        if not await opened.staff.set_credentials(coop, person, credentials, was=was):
            raise fail("同時に変更されました。もう一度実行してください / changed meanwhile; run it again")
        await opened.staff.close_sessions_of(coop, person)
        return (
            None
            if new is None
            else pyotp.TOTP(new).provisioning_uri(name=person, issuer_name=f"{configured.name} {coop}")
        )

    uri = _on(coop, work)
    say(
        f"{person} のパスワードを設定しました / password set" + ("" if uri is None else f"\n{uri}"),
        as_json=as_json,
        person=person,
        totp=uri,
    )


@app.command()
def link(
    coop: str,
    person: Person,
    subject: Annotated[
        str,
        typer.Option(help="認証基盤での本人の値(既定は sub) / who it is there, by the configured claim", callback=said),
    ],
    by: By,
    reason: Reason,
    issuer: Annotated[
        str | None,
        typer.Option(help="認証基盤。省けば GATEWAY_OIDC のもの / the provider; that of GATEWAY_OIDC if left out"),
    ] = None,
    as_json: Json = False,
) -> None:
    """組織のアカウントを担当者に結び付ける / Let a person sign in with the organisation's account.

    Exit: 0 · 1 refused · 2 usage · 3 the log does not answer.
    """

    async def work(opened: Stores, configured: Settings) -> int:
        provider = configured.oidc.get(coop)
        if provider is None or issuer not in {None, provider.issuer}:
            raise PeopleRefused("issuer")
        return await identities.link(
            opened.log,
            opened.staff,
            coop,
            person,
            issuer=provider.issuer,
            subject=subject,
            by=by,
            reason=reason,
            clock=opened.clock,
        )

    index = _on(coop, work)
    told = f"{person} に組織のアカウントを結び付けました / linked, as entry {index} of {coop}"
    say(told, as_json=as_json, index=index, person=person)


@app.command()
def unlink(coop: str, person: Person, by: By, reason: Reason, as_json: Json = False) -> None:
    """組織のアカウントを外す(サインインも終わる) / Take it away; what is signed in ends. Exit: 0 · 1 refused · 2 usage · 3 no log."""

    async def work(opened: Stores, _: Settings) -> int:
        return await identities.unlink(opened.log, opened.staff, coop, person, by=by, reason=reason, clock=opened.clock)

    index = _on(coop, work)
    told = f"{person} の組織のアカウントを外しました / unlinked, as entry {index} of {coop}"
    say(told, as_json=as_json, index=index, person=person)


@app.command()
def review(
    coop: str,
    by: Annotated[str | None, typer.Option(help="署名する人(担当者ID) / who signs, by id")] = None,
    reason: Annotated[str | None, typer.Option(help="確認したこと / what was looked at")] = None,
    digest: Annotated[
        str | None, typer.Option(help="見たもの(一覧の最後に出る) / what was seen; the list ends with it")
    ] = None,
    as_json: Json = False,
) -> None:
    """権限棚卸し: 続いている役割を一覧し、--by を付ければ署名する(二人で完了) / List the roles to review; with --by, sign.

    Exit: 0 · 1 refused · 2 usage · 3 the log does not answer.
    """
    if by is None:
        seen = _on(coop, lambda opened, configured: role_review.look(office_of(configured, opened), coop))
        _show_review(seen, as_json=as_json)
        return
    if not reason or not digest:
        raise fail("署名には --reason と --digest が要ります / a signature takes --reason and --digest", USAGE)

    async def work(opened: Stores, configured: Settings) -> tuple[int, bool]:
        return await role_review.sign(office_of(configured, opened), coop, digest=digest, by=by, reason=reason)

    index, complete = _on(coop, work)
    told = (
        "連署しました。完了です / countersigned: complete"
        if complete
        else "署名しました。もう一人の署名で完了です / signed"
    )
    say(f"{told}, as entry {index} of {coop}", as_json=as_json, index=index, complete=complete)


def _show_review(seen: role_review.RoleReview, *, as_json: bool) -> None:
    rows: list[dict[str, object]] = [
        {
            "person": line.person.id,
            "role": line.role.role,
            "department": line.role.department,
            "to": _shown(line.role.span.end),
            "signed in": _shown(line.person.signed_in),
            "last act": _shown(line.last_act),
            "look at": " ".join(line.flags),
        }
        for line in seen.lines
    ]
    if as_json:
        show([*rows, {"digest": seen.digest, "short": seen.short, "left": [one.id for one in seen.left]}], as_json=True)
        return
    show(rows, as_json=False)
    for name in seen.short:
        print(f"承認者が一人以下の部署 / fewer than two managers: {name}")
    for one in seen.left:
        print(f"退いた人の申請 / a proposal of people who left: {one.id} {one.department}")
    for signed in (one for one in seen.standing.waiting if one.digest == seen.digest):
        print(f"連署待ち / awaits a countersignature: {signed.by} {_shown(signed.time)}")
    print(f"期限 / due: {_shown(seen.standing.due)}")
    print(f"署名 / to sign: gateway staff review {seen.coop} --by … --reason … --digest={seen.digest}")


def _on(coop: str, work: Callable[[Stores, Settings], Awaitable[_T]]) -> _T:
    """Do some work on the open stores of a co-op that there is."""

    async def opened() -> _T:
        configured = settings()
        known(configured, coop)
        async with stores(configured) as store:
            return await work(store, configured)

    return run(opened())


def _give(
    coop: str,
    person: str,
    role: Role,
    *,
    department: str | None,
    first: datetime | None,
    last: datetime | None,
    by: str,
    reason: str,
    as_json: bool,
    deputy_for: str | None = None,
) -> None:
    async def work(opened: Stores, _: Settings) -> tuple[int, RoleHeld]:
        # A role that is given from today on begins now: what was done earlier today was not done in it.
        later = first is not None and first.date() != jst_day(opened.clock())
        return await people.give_role(
            opened.log,
            opened.staff,
            coop,
            person,
            role,
            department=department,
            start=midnight(first.date()) if first is not None and later else None,
            end=None if last is None else midnight_after(last.date()),
            deputy_for=deputy_for,
            by=by,
            reason=reason,
            clock=opened.clock,
        )

    index, held = _on(coop, work)
    told = f"{person} に役割 {held.id} を与えました / given, as entry {index} of {coop}"
    say(told, as_json=as_json, index=index, person=person, **_facts(held))


def _twice() -> str:
    typed: str = typer.prompt("新しいパスワード / new password", hide_input=True, err=True)
    again: str = typer.prompt("もう一度 / once more", hide_input=True, err=True)
    if typed != again:
        raise fail("2回の入力が違うので、何もしていません / the two differ; nothing was done")
    return typed


def _line() -> str:
    return sys.stdin.readline().rstrip("\r\n")


def _facts(held: RoleHeld) -> dict[str, object]:
    start, end = held.span.start, held.span.end
    return {
        "role": held.role,
        "id": held.id,
        "department": held.department,
        "start": None if start is None else start.isoformat(),
        "end": None if end is None else end.isoformat(),
        "deputy_for": held.deputy_for,
    }


def _cells(held: RoleHeld | None) -> dict[str, object]:
    return {
        "id": held and held.id,
        "role": held and held.role,
        "department": held and held.department,
        "from": held and _shown(held.span.start),
        "to": held and _shown(held.span.end),
        "deputy for": held and held.deputy_for,
    }


def _goes_on(held: RoleHeld, now: datetime) -> bool:
    """Tell whether a role is held now or will be; one that ended as it began never is."""
    return held.span.end is None or held.span.end > max(now, held.span.start or now)


def _shown(instant: datetime | None) -> str:
    return "" if instant is None else f"{instant.astimezone(JST):%Y-%m-%d %H:%M}"
