"""The schemas of the OpenAPI document, written by hand; real answers are held against them by a test."""

from collections.abc import Mapping
from typing import Any, Final, get_args

from gateway.core.changes.overrun import STATES as OVERRUN_STATES
from gateway.core.changes.partner_request import KINDS, STATES as REQUEST_STATES
from gateway.core.changes.proposal import STATES
from gateway.core.members.events import HAPPENINGS
from gateway.core.staff import ROLES
from gateway.core.state import RestrictionKind

Schema = Mapping[str, Any]

TEXT: Final[Schema] = {"type": "string"}
NULL: Final[Schema] = {"type": "null"}
COUNT: Final[Schema] = {"type": "integer", "minimum": 0}
REVISION: Final[Schema] = {
    "type": "integer",
    "minimum": 1,
    "description": "見たときの revision。If-Match の ETag でもよい。両方なら同じ値 / the revision that was seen; or its "
    "ETag in If-Match; in both it is the same",
}
DIGEST: Final[Schema] = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
INSTANT: Final[Schema] = {"type": "string", "format": "date-time", "pattern": "Z$"}
FILES: Final[Schema] = {
    "type": "object",
    "additionalProperties": TEXT,
    "description": "パス → 本文 / path to text: `policies/<coop>/…`, `partners/<id>.yaml`",
}
LINE: Final[Schema] = {
    "type": "string",
    "description": "1行。制御文字なし / one line without control characters",
}
EFFECTIVE: Final[Schema] = {
    "type": ["string", "null"],
    "format": "date-time",
    "description": "施行日時(時差付き)。null は公布と同時 / when it is to come into force, with an offset; null: when published",
}


def closed(description: str, *, optional: tuple[str, ...] = (), **properties: Schema) -> Schema:
    """Return the schema of an object with these members and no other."""
    return {
        "type": "object",
        "description": description,
        "required": [name for name in properties if name not in optional],
        "additionalProperties": False,
        "properties": properties,
    }


def named(name: str) -> Schema:
    """Return the reference to a schema."""
    return {"$ref": f"#/components/schemas/{name}"}


def list_of(items: Schema) -> Schema:
    """Return the schema of a list."""
    return {"type": "array", "items": items}


def or_null(schema: Schema) -> Schema:
    """Return a schema that takes null as well."""
    return {"anyOf": [schema, NULL]}


_WISHED: Final[Mapping[str, Schema]] = {
    "title": LINE,
    "department": {**LINE, "description": "所管部署 / the owning department"},
    "reason": LINE,
    "effective": EFFECTIVE,
    "files": FILES,
}

SCHEMAS: Final[Mapping[str, Schema]] = {
    "SigningIn": closed("サインイン / who signs in, with what", coop=TEXT, person=TEXT, password=TEXT, code=TEXT),
    "Token": closed(
        "トークン。15分使わないと終わり、`expires` には必ず終わる / ends after 15 minutes unused, at `expires` in any case",
        token=TEXT,
        expires=INSTANT,
    ),
    "Beginning": {
        **closed(
            "新しい申請。files か base: true のどちらか一方 / a new proposal; either files or base: true",
            optional=("effective", "files", "base"),
            **_WISHED,
            base={
                "type": "boolean",
                "description": "最後の版のファイルから始める / begin with the last version's files",
            },
        ),
        "oneOf": [
            {"required": ["files"], "properties": {"files": FILES, "base": {"const": False}}},
            {"required": ["base"], "properties": {"base": {"const": True}, "files": False}},
        ],
    },
    "Amending": closed(
        "申請の内容の全部。承認は取り消される / all that it says from now on; an approval is void",
        optional=("revision",),
        **_WISHED,
        revision=REVISION,
    ),
    "Returning": closed(
        "以前の版に戻す申請 / a roll-back",
        version={"type": "string", "pattern": "^[0-9a-f]{8,64}$"},
        department=LINE,
        reason=LINE,
    ),
    "Seen": closed("確認したプレビュー / the preview seen", optional=("revision",), preview=DIGEST, revision=REVISION),
    "Said": closed("理由 / the reason", optional=("revision",), reason=LINE, revision=REVISION),
    "Meant": closed("公布 / publication", optional=("revision",), revision=REVISION),
    "Proposal": closed(
        "変更申請の今の状態 / a proposal as it stands",
        optional=("files",),
        id=TEXT,
        coop=TEXT,
        state={"enum": list(STATES)},
        revision={"type": "integer", "minimum": 1},
        title=TEXT,
        department=TEXT,
        author=TEXT,
        editor=TEXT,
        approver=or_null(TEXT),
        reason=TEXT,
        content=DIGEST,
        base=or_null(DIGEST),
        preview=or_null(DIGEST),
        effective=or_null(INSTANT),
        created=INSTANT,
        changed=INSTANT,
        entry=or_null(COUNT),
        files=FILES,
    ),
    "Proposals": closed("最後に変更されたものから / the one changed last first", proposals=list_of(named("Proposal"))),
    "Preview": closed(
        "公布すると何が変わるか。preview は保管されたバイト列のまま(RFC 8785)で、digest はそのSHA-256 / what it would "
        "change; `preview` stands byte for byte as it is kept, and `digest` is the SHA-256 of these bytes",
        digest=DIGEST,
        preview={
            "type": "object",
            "required": ["coop", "policy", "base", "made", "at", "differences", "findings", "receives", "grants"],
        },
    ),
    "Version": closed(
        "版 / a version",
        number={"type": "integer", "minimum": 1},
        digest=DIGEST,
        effective=INSTANT,
        entry=COUNT,
        standing={"enum": ["in_force", "future", "past", "superseded"]},
    ),
    "Versions": closed("最後に公布されたものから / the last one first", versions=list_of(named("Version"))),
    "Role": closed(
        "役割 / a role",
        id=TEXT,
        role={"enum": list(ROLES)},
        department=or_null(TEXT),
        start=or_null(INSTANT),
        end=or_null(INSTANT),
        deputy_for=or_null(TEXT),
        when={"enum": ["now", "later", "ended"]},
    ),
    "Person": closed("担当者 / a person", id=TEXT, name=TEXT, active={"type": "boolean"}, roles=list_of(named("Role"))),
    "People": closed("担当者の一覧 / everybody, by id", people=list_of(named("Person"))),
    "Reviewing": closed(
        "見た役割への署名。digest は見たもの / a signature on the roles as seen",
        digest={"type": "string", "pattern": "^[A-Za-z0-9_-]{43}$"},
        reason=LINE,
    ),
    "RoleSignature": closed(
        "署名。complete は二人目で true / `complete` with the second person's",
        entry=COUNT,
        digest=TEXT,
        complete={"type": "boolean"},
    ),
    "LoggedEntry": closed(
        "記録。entry はハッシュされたバイト列のまま。JSONでなければ null で、stored に base64url / `entry` byte for byte as "
        "hashed; where it is no JSON, null and the bytes in `stored`",
        optional=("stored",),
        index=COUNT,
        entry=or_null({"type": "object"}),
        stored={"type": "string", "pattern": "^[A-Za-z0-9_-]*$"},
    ),
    "LogPortion": closed(
        "番号の順に、抜けなく。続きは after で / in the order of the indexes, none left out; `after` leads on",
        entries=list_of(named("LoggedEntry")),
        after={"type": "integer", "minimum": -1},
        size=COUNT,
    ),
    "ReviewedRole": closed(
        "続いている役割 / a role that goes on",
        id=TEXT,
        person=TEXT,
        role={"enum": list(ROLES)},
        department=or_null(TEXT),
        start=or_null(INSTANT),
        end=or_null(INSTANT),
        deputy_for=or_null(TEXT),
        signed_in=or_null(INSTANT),
        last_act=or_null(INSTANT),
        flags=list_of({"enum": ["unused", "ends_soon", "drafts_and_approves"]}),
    ),
    "RoleReview": closed(
        "棚卸しする役割。waiting は署名した人、short は承認者が一人以下の部署、left は退いた人の申請 / `waiting`: who has "
        "signed; `short`: departments with fewer than two managers; `left`: proposals of people who left",
        coop=TEXT,
        digest=TEXT,
        completed=or_null(INSTANT),
        due=INSTANT,
        waiting=list_of(TEXT),
        roles=list_of(named("ReviewedRole")),
        short=list_of(TEXT),
        left=list_of(TEXT),
    ),
    "TakeOut": closed(
        "契約から外す候補 / what to take out", partner=TEXT, agreement=TEXT, grant=TEXT, field=or_null(TEXT)
    ),
    "UnusedField": closed(
        "求められなかった項目 / a field never asked for",
        field=TEXT,
        transform=TEXT,
        granted=INSTANT,
        whole={"type": "boolean"},
    ),
    "UnusedGrant": closed(
        "使われていない提供範囲 / a grant with unused fields",
        partner=TEXT,
        agreement=TEXT,
        grant=TEXT,
        purpose=TEXT,
        products=list_of(TEXT),
        requests=COUNT,
        fields=list_of(named("UnusedField")),
    ),
    "UnusedGrants": closed(
        "期間中に一度も求められなかった提供範囲 / what was granted and never asked for",
        coop=TEXT,
        policy=or_null(DIGEST),
        start=INSTANT,
        end=INSTANT,
        log=closed(
            "ログを読んだ範囲 / how far the log was read",
            size=COUNT,
            entries=COUNT,
            since=INSTANT,
            reached=INSTANT,
            cut={"type": "boolean"},
            questions=COUNT,
            left_out=COUNT,
        ),
        grants=list_of(named("UnusedGrant")),
        narrowing=list_of(named("TakeOut")),
    ),
    "Challenging": closed(
        "登録する公開鍵 / the public keys to be registered",
        client=LINE,
        jwks={"type": "object", "description": "提供先の public.jwks.json / the partner's public.jwks.json"},
    ),
    "Challenge": {
        "type": "object",
        "description": "提供先に24時間以内に答えてもらう。変えずに渡す / for the partner to answer within 24 hours, as it is",
        "required": ["type", "coop", "partner", "client", "jwks", "expires", "seed", "challenges", "mac"],
    },
    "Asking": {
        **closed(
            "二人で行う申請。keys には提供先の回答が要る / what takes two people; keys come with the partner's answer",
            optional=("challenge", "answer"),
            kind={"enum": list(KINDS)},
            reason=LINE,
            challenge={"type": "object"},
            answer={"type": "object"},
        ),
        "oneOf": [
            {"required": ["challenge", "answer"], "properties": {"kind": {"const": "keys"}}},
            {"properties": {"kind": {"const": "resume"}, "challenge": False, "answer": False}},
        ],
    },
    "Reasoned": closed("理由 / the reason", reason=LINE),
    "EndingKey": closed("終わらせる鍵 / the key to end", client=LINE, kid=LINE, reason=LINE),
    "EndedKey": closed("その記録の番号 / the index of its entry", entry=COUNT),
    "RequestedKey": closed("申請された公開鍵 / a public key asked for", kid=TEXT, use=TEXT, alg=TEXT, thumbprint=TEXT),
    "PartnerRequest": closed(
        "申請の今の状態 / a request as it stands",
        id=TEXT,
        coop=TEXT,
        kind={"enum": list(KINDS)},
        state={"enum": list(REQUEST_STATES)},
        partner=TEXT,
        client=or_null(TEXT),
        keys=list_of(named("RequestedKey")),
        asker=TEXT,
        reason=TEXT,
        asked=INSTANT,
        decider=or_null(TEXT),
        said=TEXT,
        decided=or_null(INSTANT),
        entry=or_null(COUNT),
    ),
    "PartnerRequests": closed(
        "最後に申請されたものから / the last one first", requests=list_of(named("PartnerRequest"))
    ),
    "RaisingQuota": closed(
        "新しい上限。省けば、断った要求がすべて通ったはずの上限 / the new limit; left out, the one under which all that was "
        "refused would have passed",
        optional=("title", "members_per_day"),
        reason=LINE,
        title=LINE,
        members_per_day={"type": ["integer", "null"], "minimum": 1},
    ),
    "OverQuotaDay": closed(
        "1日・1システムの上限超過の要求 / what one client asked for beyond the limit on one day of Japan",
        client=TEXT,
        day={"type": "string", "format": "date"},
        state={"enum": list(OVERRUN_STATES)},
        asked=COUNT,
        requests=COUNT,
        first=INSTANT,
        last=INSTANT,
        proposal=or_null(TEXT),
        decider=or_null(TEXT),
        said=TEXT,
        decided=or_null(INSTANT),
    ),
    "OverQuotaGrant": closed(
        "上限を超えて求められた提供範囲。asked は一つの要求の人数(最大) / a grant asked for beyond its limit; `asked` are the "
        "members of the largest single request",
        grant=TEXT,
        partner=TEXT,
        agreement=TEXT,
        purpose=TEXT,
        department=TEXT,
        state={"enum": list(OVERRUN_STATES)},
        members_per_day=or_null(COUNT),
        wanted=or_null(COUNT),
        overruns=list_of(named("OverQuotaDay")),
    ),
    "OverQuotaGrants": closed("待っているものから / what waits first", grants=list_of(named("OverQuotaGrant"))),
    "MemberEvent": closed(
        "組合員イベント。列の意味は docs/member-events.md / a member event: docs/member-events.md",
        optional=("kind", "partner", "purpose", "ground", "at"),
        event_id={"type": "string", "pattern": "^[A-Za-z0-9._:-]{1,64}$"},
        member_code={"type": "string", "pattern": "^[0-9A-Za-z-]{1,64}$"},
        event={"enum": list(HAPPENINGS)},
        kind={"enum": [*get_args(RestrictionKind), "", None]},
        partner=or_null(TEXT),
        purpose=or_null(TEXT),
        ground=or_null(TEXT),
        at=or_null(TEXT),
    ),
    "MemberEvents": closed(
        "組合員イベントと件数の合計。CSVでは最後の行 #total,件数 と #reason,理由 / events with their control total; in CSV "
        "the lines #total,N and #reason,TEXT",
        reason=LINE,
        total=COUNT,
        events=list_of(named("MemberEvent")),
    ),
    "MemberEventsTaken": closed(
        "取り込んだ結果。entry は記録の番号で、新しいものがないときと試行では null / `entry` is null where nothing was "
        "new, and on a dry run",
        entry=or_null(COUNT),
        dry_run={"type": "boolean"},
        rows=COUNT,
        taken=COUNT,
        members=COUNT,
        events={"type": "object", "additionalProperties": COUNT},
        told_before=COUNT,
        repeated=COUNT,
        overtaken=list_of(TEXT),
        faults=list_of(named("RowFault")),
        digest={"type": "string", "pattern": "^[A-Za-z0-9_-]{43}$"},
    ),
    "RowFault": closed(
        "行の誤り。見出しを除いて1から数える / what is wrong with a row, counted from 1 without the heading",
        row={"type": "integer", "minimum": 1},
        field=TEXT,
        rule=TEXT,
        ja=TEXT,
        en=TEXT,
    ),
    "Finding": closed(
        "ファイルの誤り / something found in a file",
        file=TEXT,
        line=COUNT,
        severity={"enum": ["error", "warning"]},
        rule=TEXT,
        ja=TEXT,
        en=TEXT,
    ),
    "Problem": closed(
        "RFC 9457。rule は規則に触れたとき、findings はファイルの誤り、faults は行の誤り、pointer は形の誤り(RFC 6901) / "
        "`rule` where a rule refuses, `findings` of files, `faults` of rows, `pointer` where the shape is wrong",
        optional=("rule", "ja", "en", "findings", "faults", "pointer", "retry_after"),
        type={"type": "string", "pattern": "^urn:joint-use:problem:[a-z-]+$"},
        title=TEXT,
        status={"type": "integer", "minimum": 400, "maximum": 599},
        request_id=TEXT,
        rule=TEXT,
        ja=TEXT,
        en=TEXT,
        findings=list_of(named("Finding")),
        faults=list_of(named("RowFault")),
        pointer=TEXT,
        retry_after=COUNT,
    ),
}
