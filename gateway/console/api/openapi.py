"""The OpenAPI 3.1 document of the staff API, written by hand; a test holds it against the routes and real answers."""

from collections.abc import Mapping
from typing import Any, Final

from gateway.console.api.openapi_schemas import COUNT, SCHEMAS, Schema, named
from gateway.core.changes.proposal import STATES

_JSON: Final = "application/json"
_ETAG: Final = {"ETag": {"description": "revision を引用符で / the revision in quotes", "schema": {"type": "string"}}}
_IF_MATCH: Final = {
    "name": "If-Match",
    "in": "header",
    "description": "見た ETag。本文の revision と同じ値 / the ETag that was seen",
    "schema": {"type": "string", "pattern": '^"[1-9][0-9]*"$'},
}
_SAID: Final[Mapping[int, str]] = {
    400: "形またはファイルの誤り / the shape, or the files with their findings",
    401: "トークンがない・終わった / no token, or it has ended",
    403: "役割・部署・作成者本人・他サイト / role, department, own, author, or another site's page",
    404: "ない、または他の生協のもの / nothing here, or another co-op's",
    409: "今の状態では規則に触れる / a rule refuses it as things stand",
    413: "本文が長すぎる / the body is too long",
    415: "application/json ではない / not application/json",
    503: "今は応じられない / not now",
}


def _path(name: str) -> Mapping[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def _query(name: str, schema: Schema) -> Mapping[str, Any]:
    return {"name": name, "in": "query", "schema": schema}


def _operation(
    name: str,
    summary: str,
    answer: str | None,
    *,
    status: int = 200,
    body: str | None = None,
    tag: bool = False,
    refused: tuple[int, ...] = (),
    parameters: tuple[Mapping[str, Any], ...] = (),
    open_to_all: bool = False,
) -> Mapping[str, Any]:
    given: dict[str, Any] = {"description": summary}
    if answer is not None:
        given["content"] = {_JSON: {"schema": named(answer)}}
    if tag:
        given["headers"] = _ETAG
    told = {400, 401, 403, 503, *refused, *((413, 415) if body else ())}
    responses = {str(status): given} | {str(one): {"$ref": f"#/components/responses/{one}"} for one in sorted(told)}
    made: dict[str, Any] = {"operationId": name, "summary": summary, "responses": responses}
    if body is not None:
        made["requestBody"] = {"required": True, "content": {_JSON: {"schema": named(body)}}}
    if parameters:
        made["parameters"] = list(parameters)
    if open_to_all:
        made["security"] = []
    return made


def _step(name: str, summary: str, body: str) -> Mapping[str, Any]:
    operation = _operation(name, summary, "Proposal", body=body, tag=True, refused=(404, 409), parameters=(_IF_MATCH,))
    return {"parameters": [_path("coop"), _path("proposal")], "post": operation}


_FLAG: Final[Schema] = {"const": "1"}
_OF_COOP: Final = [_path("coop")]
_OF_PROPOSAL: Final = [_path("coop"), _path("proposal")]

PATHS: Final[Mapping[str, Any]] = {
    "/api/sessions": {
        "post": _operation("signIn", "サインイン / sign in", "Token", status=201, body="SigningIn", open_to_all=True),
        "delete": _operation("signOut", "サインアウト / sign out", None, status=204),
    },
    "/api/openapi.json": {
        "get": {
            **_operation("document", "この文書 / this document", None),
            "responses": {
                "200": {"description": "OpenAPI 3.1", "content": {_JSON: {"schema": {"type": "object"}}}},
                "401": {"$ref": "#/components/responses/401"},
            },
        }
    },
    "/api/{coop}/proposals": {
        "parameters": _OF_COOP,
        "get": _operation(
            "proposals",
            "変更申請の一覧 / the proposals",
            "Proposals",
            refused=(404,),
            parameters=(_query("state", {"enum": list(STATES)}), _query("mine", _FLAG)),
        ),
        "post": _operation(
            "begin", "起案 / begin", "Proposal", status=201, body="Beginning", tag=True, refused=(404, 409)
        ),
    },
    "/api/{coop}/proposals/{proposal}": {
        "parameters": _OF_PROPOSAL,
        "get": _operation(
            "proposal",
            "変更申請 / one proposal",
            "Proposal",
            tag=True,
            refused=(404,),
            parameters=(_query("files", _FLAG),),
        ),
        "put": _operation(
            "amend",
            "改める / amend",
            "Proposal",
            body="Amending",
            tag=True,
            refused=(404, 409),
            parameters=(_IF_MATCH,),
        ),
    },
    "/api/{coop}/proposals/{proposal}/preview": {
        "parameters": _OF_PROPOSAL,
        "get": _operation("preview", "プレビュー / the preview", "Preview", tag=True, refused=(404, 409)),
    },
    "/api/{coop}/proposals/{proposal}/submit": _step("submit", "承認を申請 / ask for approval", "Seen"),
    "/api/{coop}/proposals/{proposal}/approve": _step("approve", "承認 / approve", "Seen"),
    "/api/{coop}/proposals/{proposal}/reject": _step("reject", "差戻し / send back", "Said"),
    "/api/{coop}/proposals/{proposal}/withdraw": _step("withdraw", "取下げ / withdraw", "Said"),
    "/api/{coop}/proposals/{proposal}/publish": _step("publish", "公布 / publish", "Meant"),
    "/api/{coop}/roll-backs": {
        "parameters": _OF_COOP,
        "post": _operation(
            "rollBack",
            "巻き戻しの起案 / roll back",
            "Proposal",
            status=201,
            body="Returning",
            tag=True,
            refused=(404, 409),
        ),
    },
    "/api/{coop}/versions": {
        "parameters": _OF_COOP,
        "get": _operation("versions", "版の履歴 / the versions", "Versions", refused=(404,)),
    },
    "/api/{coop}/people": {
        "parameters": _OF_COOP,
        "get": _operation("people", "担当者と役割 / people and roles", "People", refused=(404,)),
    },
    "/api/{coop}/role-reviews": {
        "parameters": _OF_COOP,
        "get": _operation("roleReview", "権限棚卸し / the roles to review", "RoleReview", refused=(404,)),
        "post": _operation(
            "signRoleReview",
            "確認して署名 / sign the roles as seen",
            "RoleSignature",
            status=201,
            body="Reviewing",
            refused=(404, 409),
        ),
    },
    "/api/{coop}/log": {
        "parameters": _OF_COOP,
        "get": _operation(
            "log",
            "提供ログの続き / the log from an index on",
            "LogPortion",
            refused=(404, 409),
            parameters=(
                _query("after", COUNT),
                _query("limit", {"type": "integer", "minimum": 1, "maximum": 1000, "default": 100}),
            ),
        ),
    },
    "/api/{coop}/unused-grants": {
        "parameters": _OF_COOP,
        "get": _operation(
            "unusedGrants",
            "使われていない提供範囲 / grants that nobody used",
            "UnusedGrants",
            refused=(404,),
            parameters=(_query("days", {"type": "integer", "minimum": 1, "maximum": 366, "default": 90}),),
        ),
    },
}

_OF_PARTNER: Final = [_path("coop"), _path("partner")]
_OF_REQUEST: Final = [*_OF_PARTNER, _path("request")]


def _decided(name: str, summary: str, body: str | None) -> Mapping[str, Any]:
    operation = _operation(name, summary, "PartnerRequest", body=body, refused=(404, 409))
    return {"parameters": _OF_REQUEST, "post": operation}


PARTNER_PATHS: Final[Mapping[str, Any]] = {
    "/api/{coop}/partners/{partner}/requests": {
        "parameters": _OF_PARTNER,
        "get": _operation(
            "partnerRequests", "二人で行う申請 / what takes two people", "PartnerRequests", refused=(404,)
        ),
        "post": _operation(
            "askOfPartner",
            "再開または鍵の登録を申請 / ask to resume, or to register keys",
            "PartnerRequest",
            status=201,
            body="Asking",
            refused=(404, 409),
        ),
    },
    "/api/{coop}/partners/{partner}/challenges": {
        "parameters": _OF_PARTNER,
        "post": _operation(
            "challengeKeys",
            "鍵を持つことのチャレンジ / a challenge to prove keys",
            "Challenge",
            body="Challenging",
            refused=(404, 409),
        ),
    },
    "/api/{coop}/partners/{partner}/requests/{request}": {
        "parameters": _OF_REQUEST,
        "get": _operation("partnerRequest", "1件の申請 / one request", "PartnerRequest", refused=(404,)),
    },
    "/api/{coop}/partners/{partner}/requests/{request}/approve": _decided(
        "approveRequest", "承認。本文はない / approve; there is no body", None
    ),
    "/api/{coop}/partners/{partner}/requests/{request}/refuse": _decided("refuseRequest", "却下 / refuse", "Reasoned"),
    "/api/{coop}/partners/{partner}/requests/{request}/withdraw": _decided(
        "withdrawRequest", "取下げ / withdraw", "Reasoned"
    ),
    "/api/{coop}/partners/{partner}/ended-keys": {
        "parameters": _OF_PARTNER,
        "post": _operation(
            "endKey", "鍵を直ちに終わらせる / end a key, at once", "EndedKey", body="EndingKey", refused=(404, 409)
        ),
    },
}

_TAKEN: Final = _operation(
    "takeMemberEvents",
    "組合員イベントの取込。新しいものがなければ200 / take member events in; 200 where none is new",
    "MemberEventsTaken",
    status=201,
    body="MemberEvents",
    refused=(404, 409),
    parameters=(_query("dry_run", _FLAG), _query("skip_bad_rows", _FLAG)),
)
MEMBER_PATHS: Final[Mapping[str, Any]] = {
    "/api/{coop}/members/events": {
        "parameters": _OF_COOP,
        "post": {
            **_TAKEN,
            "requestBody": {
                "required": True,
                "content": {_JSON: {"schema": named("MemberEvents")}, "text/csv": {"schema": {"type": "string"}}},
            },
            "responses": {**_TAKEN["responses"], "200": _TAKEN["responses"]["201"]},
        },
    },
}

_OF_GRANT: Final = [_path("coop"), _path("grant")]
QUOTA_PATHS: Final[Mapping[str, Any]] = {
    "/api/{coop}/over-quota": {
        "parameters": _OF_COOP,
        "get": _operation(
            "overQuota", "上限超過の要求 / requests beyond daily limits", "OverQuotaGrants", refused=(404,)
        ),
    },
    "/api/{coop}/over-quota/{grant}": {
        "parameters": _OF_GRANT,
        "get": _operation("overQuotaGrant", "1つの提供範囲 / one grant", "OverQuotaGrant", refused=(404,)),
    },
    "/api/{coop}/over-quota/{grant}/propose": {
        "parameters": _OF_GRANT,
        "post": _operation(
            "raiseQuota",
            "上限を引き上げる下書きを作る / begin a draft that raises the limit",
            "Proposal",
            status=201,
            body="RaisingQuota",
            tag=True,
            refused=(404, 409),
        ),
    },
    "/api/{coop}/over-quota/{grant}/dismiss": {
        "parameters": _OF_GRANT,
        "post": _operation(
            "dismissOverQuota",
            "引き上げずに見送る / leave the limit as it is",
            "OverQuotaGrant",
            body="Reasoned",
            refused=(404, 409),
        ),
    },
}

DOCUMENT: Final[Mapping[str, Any]] = {
    "openapi": "3.1.0",
    "info": {
        "title": "共同利用ゲートウェイ 職員API / Joint-use gateway, staff API",
        "version": "1",
        "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        "description": "管理画面とコマンドと同じ操作を、同じ規則で行う / the same acts as console and command line, by the "
        "same rules: docs/staff-api.md",
    },
    "security": [{"token": []}],
    "paths": {**PATHS, **PARTNER_PATHS, **MEMBER_PATHS, **QUOTA_PATHS},
    "components": {
        "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        "responses": {
            str(status): {
                "description": said,
                "content": {"application/problem+json": {"schema": named("Problem")}},
            }
            for status, said in _SAID.items()
        },
        "schemas": SCHEMAS,
    },
}
