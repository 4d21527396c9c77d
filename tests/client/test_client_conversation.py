"""What the client says, in which order, and what it never says twice."""

import httpx2
import pytest

from gateway.client import AnswerRejected, NotPermitted, Refused, TransportError, UsageError
from tests.client.gateway_peer import CONFIG, GRANT, ISSUER, PEOPLE, RESOURCE, Peer, oauth_error, problem, unauthorized

CODE = "00000001"
TOKEN, TRANSFERS = "/oauth/token", "/v1/transfers"


def paths(peer: Peer) -> list[str]:
    return [request.url.path for request in peer.seen]


def test_a_first_transfer_takes_four_requests_and_the_next_one():
    peer = Peer()
    client = peer.client()
    client.pull("P4", [CODE])
    client.pull("P4", [CODE])
    discovery = ["/.well-known/oauth-authorization-server", "/oauth/jwks"]
    assert paths(peer) == [*discovery, TOKEN, TRANSFERS, TRANSFERS]


def test_the_request_says_what_was_asked_and_nothing_more():
    peer = Peer()
    peer.client().pull("P12", [CODE], fields=["phone"], case="J-2026-1")
    [asked] = peer.asked
    expected = {
        "iss",
        "aud",
        "iat",
        "exp",
        "jti",
        "coop",
        "purpose",
        "agreement",
        "product",
        "case",
        "members",
        "fields",
    }
    assert asked.keys() == expected
    assert (asked["product"], asked["case"], asked["members"], asked["fields"]) == ("G1", "J-2026-1", [CODE], ["phone"])
    [details] = [token["details"] for token in peer.tokens.values()]
    assert details == {
        "type": "urn:joint-use:member-data",
        "coop": CONFIG["coop"],
        "purpose": "P12",
        "agreement": CONFIG["agreement"],
        "fields": ["phone"],
        "product": "G1",
    }


def test_member_codes_travel_only_inside_the_signed_request():
    peer = Peer()
    peer.client().pull("P4", ["77777777"])
    for request in peer.seen:
        assert "77777777" not in f"{request.url} {request.headers}"
        assert b"77777777" not in request.content


def test_a_token_serves_the_same_fields_until_thirty_seconds_before_its_end():
    peer = Peer()
    client = peer.client()
    client.pull("P4", [CODE])
    peer.now += 269
    client.pull("P4", [CODE], fields=["postal_code", "name", "member_code"])
    assert peer.count(TOKEN) == 1
    peer.now += 1
    client.pull("P4", [CODE])
    assert peer.count(TOKEN) == 2
    client.pull("P4", [CODE], fields=["name"])
    assert peer.count(TOKEN) == 3


def test_nonces_are_learnt_once_and_renewed_from_every_answer():
    peer = Peer(nonce="n1")
    client = peer.client()
    client.pull("P4", [CODE])
    assert paths(peer)[2:] == [TOKEN, TOKEN, TRANSFERS]
    client.pull("P4", [CODE])
    assert peer.count(TRANSFERS) == 2
    peer.nonce = "n2"
    client.pull("P4", [CODE])
    assert peer.count(TRANSFERS) == 4
    assert len(peer.asked) == 3


def test_a_challenge_at_the_resource_is_answered_with_the_same_request_and_a_fresh_proof():
    peer = Peer()
    client = peer.client()
    client.pull("P4", [CODE])
    peer.nonce = "n1"
    client.pull("P4", [CODE])
    challenged, answered = peer.seen[-2:]
    assert challenged.content == answered.content
    assert challenged.headers["dpop"] != answered.headers["dpop"]


@pytest.mark.parametrize("path", [TOKEN, TRANSFERS])
def test_a_gateway_that_only_challenges_is_refused_after_one_answer(path: str):
    peer = Peer()
    challenge = oauth_error if path == TOKEN else unauthorized
    peer.queued[path] = [challenge("use_dpop_nonce", DPoP_Nonce=f"n{n}") for n in range(9)]
    with pytest.raises(Refused):
        peer.client().pull("P4", [CODE])
    assert peer.count(path) == 2


def test_a_nonce_in_a_refusal_is_not_learnt():
    peer = Peer(nonce="n1")
    client = peer.client()
    client.pull("P4", [CODE])
    peer.queued[TRANSFERS] = [problem("malformed", 400, headers={"DPoP-Nonce": "wrong"})]
    with pytest.raises(Refused):
        client.pull("P4", [CODE])
    client.pull("P4", [CODE])
    assert peer.count(TRANSFERS) == 3


def test_a_token_no_longer_accepted_is_replaced_once():
    peer = Peer()
    client = peer.client()
    client.pull("P4", [CODE])
    peer.queued[TRANSFERS] = [unauthorized("invalid_token")]
    assert client.pull("P4", [CODE]).released
    assert peer.count(TOKEN) == 2
    peer.queued[TRANSFERS] = [unauthorized("invalid_token"), unauthorized("invalid_token")]
    with pytest.raises(Refused) as caught:
        client.pull("P4", [CODE])
    assert (caught.value.slug, caught.value.error) == ("unauthenticated", "invalid_token")
    assert peer.count(TOKEN) == 3


@pytest.mark.parametrize(("slug", "status"), [("rate-limited", 429), ("unavailable", 503)])
def test_the_gateways_wait_is_honoured_within_the_budget(slug: str, status: int):
    peer = Peer()
    client = peer.client(retry_budget=30)
    peer.queued[TRANSFERS] = [problem(slug, status, headers={"Retry-After": seconds}) for seconds in ("20", "10")]
    assert client.pull("P4", [CODE]).released
    assert peer.waits == [20, 10]
    first, second, third = peer.seen[-3:]
    assert first.content == second.content == third.content
    assert len({request.headers["dpop"] for request in (first, second, third)}) == 3


def test_a_wait_beyond_the_budget_is_the_callers_to_decide():
    peer = Peer()
    peer.queued[TRANSFERS] = [problem("rate-limited", 429, headers={"Retry-After": "31"}, retry_after=31)]
    with pytest.raises(Refused) as caught:
        peer.client(retry_budget=30).pull("P4", [CODE])
    assert (caught.value.slug, caught.value.retry_after, peer.waits) == ("rate-limited", 31, [])


def test_a_gateway_that_says_wait_zero_for_ever_is_left():
    peer = Peer()
    peer.queued[TRANSFERS] = [problem("unavailable", 503, headers={"Retry-After": "0"}) for _ in range(20)]
    with pytest.raises(Refused):
        peer.client(retry_budget=5).pull("P4", [CODE])
    assert peer.waits == [1, 1, 1, 1, 1]


def test_unavailable_without_a_time_is_not_repeated():
    peer = Peer()
    peer.queued[TRANSFERS] = [problem("unavailable", 503)]
    with pytest.raises(Refused):
        peer.client().pull("P4", [CODE])
    assert peer.count(TRANSFERS) == 1


def test_a_request_near_its_end_is_signed_anew_and_an_old_token_replaced():
    peer = Peer()
    peer.queued[TRANSFERS] = [problem("unavailable", 503, headers={"Retry-After": "300"})]
    assert peer.client(retry_budget=300).pull("P4", [CODE]).released
    assert peer.count(TOKEN) == 2
    bodies = [request.content for request in peer.seen if request.url.path == TRANSFERS]
    assert bodies[0] != bodies[1]


def test_the_token_endpoints_wait_is_honoured_too():
    peer = Peer()
    peer.queued[TOKEN] = [oauth_error("temporarily_unavailable", 429, Retry_After="3")]
    assert peer.client().pull("P4", [CODE]).released
    assert peer.waits == [3]


def test_many_members_become_several_transfers():
    peer = Peer()
    codes = [f"{number:08d}" for number in range(2_001)]
    transfers = peer.client().pull_many("P4", (code for code in [*codes, CODE]))
    assert [len(transfer) for transfer in transfers] == [1_000, 1_000, 1]
    assert [code for asked in peer.asked for code in asked["members"]] == codes
    assert peer.count(TOKEN) == 1


def test_many_members_are_checked_before_the_first_is_asked():
    peer = Peer()
    with pytest.raises(UsageError, match=r"members\[1500\] is no member code"):
        peer.client().pull_many("P4", [f"{number:08d}" for number in range(1_500)] + ["秘密"])
    assert peer.seen == []


def test_no_members_are_no_transfers():
    assert list(Peer().client().pull_many("P4", [])) == []


def test_a_walk_follows_next_and_ends_with_since_and_removals():
    peer = Peer()
    pages = list(peer.client().pages("P4", limit=2))
    assert [result.member for page in pages for result in page] == list(PEOPLE)
    assert [page.next for page in pages] == ["c2", "c4", None]
    assert [page.since for page in pages] == [None, None, "mark-2"]
    [removal] = pages[-1].removals
    assert (removal.member, removal.duty, removal.due) == ("00000099", "delete", "2027-02-01")
    assert pages[-1].resync is False
    assert [asked["page"] for asked in peer.asked] == [
        {"limit": 2},
        {"limit": 2, "cursor": "c2"},
        {"limit": 2, "cursor": "c4"},
    ]
    assert len({page.receipt.index for page in pages}) == 3


def test_a_walk_of_what_changed_passes_since_on_its_first_page_only():
    peer = Peer()
    pages = list(peer.client().pages("P4", limit=3, since="mark-1"))
    assert [asked["page"] for asked in peer.asked] == [{"limit": 3, "since": "mark-1"}, {"limit": 3, "cursor": "c3"}]
    assert [len(page) for page in pages] == [3, 2]
    [whole] = peer.client().pages("P4", since="mark-1")
    assert whole.resync is True


def test_a_walk_can_be_taken_up_at_a_cursor():
    [page] = Peer().client().pages("P4", limit=3, cursor="c3")
    assert len(page.results) == 2


@pytest.mark.parametrize(
    ("bent", "check"),
    [
        ({"since": None}, "since"),
        ({"removals": None}, "page"),
        ({"removals": [{"member": "1", "duty": "forget", "due": "2027-02-01"}]}, "page"),
        ({"resync": "yes"}, "page"),
        ({"next": ""}, "next"),
        ({"next": 7}, "next"),
        ({"results": [{"member": CODE, "status": "not_available"}]}, "results"),
        ({"results": [{"member": CODE, "status": "released", "data": {}}] * 2}, "results"),
        ({"results": [{"member": str(n), "status": "released", "data": {}} for n in range(6)]}, "results"),
    ],
)
def test_a_page_that_is_not_what_a_page_is_is_refused(bent, check):
    peer = Peer(bend_claims=lambda claims: claims.update(bent))
    with pytest.raises(AnswerRejected) as caught:
        list(peer.client().pages("P4", limit=5))
    assert caught.value.check == check


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"purpose": "P9"}, "which has: P4, P12"),
        ({"fields": []}, "at least one field"),
        ({"fields": ["name", "name"]}, "none twice"),
        ({"fields": ["name", "bank_account"]}, r"fields\[1\] is not configured"),
        ({"product": "G1"}, "product must be one of"),
        ({"purpose": "P12"}, "needs a case number"),
        ({"case": ""}, "case must be"),
        ({"members": []}, "at least one code"),
        ({"members": "00000001"}, "not one text"),
        ({"members": [CODE, CODE]}, r"members\[1\] repeats"),
        ({"members": [1]}, r"members\[0\] is no member code"),
        ({"members": ["髙﨑"]}, r"members\[0\] is no member code"),
        ({"members": [str(n) for n in range(1_001)]}, "pull_many"),
    ],
)
def test_a_call_that_cannot_be_a_request_sends_nothing(asked, told):
    peer = Peer()
    with pytest.raises(UsageError, match=told) as caught:
        peer.client().pull(**{"purpose": "P4", "members": [CODE]} | asked)
    assert peer.seen == []
    assert "髙﨑" not in str(caught.value)


@pytest.mark.parametrize("asked", [{"limit": 0}, {"limit": 1_001}, {"cursor": "c", "since": "s"}])
def test_a_page_that_cannot_be_asked_for_sends_nothing(asked):
    peer = Peer()
    with pytest.raises(UsageError):
        next(peer.client().pages("P4", **asked))
    assert peer.seen == []


def test_not_permitted_is_an_error_of_its_own():
    peer = Peer(refused_fields={"name"})
    with pytest.raises(NotPermitted) as caught:
        peer.client().pull("P4", [CODE])
    assert (caught.value.slug, caught.value.status) == ("invalid_authorization_details", 400)
    peer = Peer()
    peer.queued[TRANSFERS] = [problem("not-permitted", 403)]
    with pytest.raises(NotPermitted) as caught:
        peer.client().pull("P4", [CODE])
    assert (caught.value.slug, caught.value.request_id) == ("not-permitted", "req-7")


def test_a_malformed_request_is_told_with_its_pointer():
    peer = Peer()
    peer.queued[TRANSFERS] = [problem("malformed", 400, pointer="/fields/3")]
    with pytest.raises(Refused) as caught:
        peer.client().pull("P4", [CODE])
    assert str(caught.value) == "400 malformed, at /fields/3, request req-7"


def test_nothing_of_unknown_shape_is_taken_over_from_a_refusal():
    peer = Peer()
    document = {"type": "urn:joint-use:problem:髙﨑", "request_id": "髙﨑", "pointer": "/髙﨑", "title": "髙﨑"}
    peer.queued[TRANSFERS] = [httpx2.Response(418, json=document), httpx2.Response(502, content=b"<h1>\xff</h1>")]
    client = peer.client()
    for status in (418, 502):
        with pytest.raises(Refused) as caught:
            client.pull("P4", [CODE])
        assert str(caught.value) == f"{status} unexpected-answer"


def test_a_redirect_is_never_followed():
    peer = Peer()
    peer.queued[TRANSFERS] = [httpx2.Response(307, headers={"Location": "https://other.example/"})]
    with pytest.raises(Refused):
        peer.client().pull("P4", [CODE])
    assert all(request.url.host == "gw.example.coop" for request in peer.seen)


@pytest.mark.parametrize(
    ("bent", "check"),
    [
        ({"issuer": f"{ISSUER}/"}, "metadata-issuer"),
        ({"issuer": "https://other.example"}, "metadata-issuer"),
        ({"protected_resources": [f"{RESOURCE}/2"]}, "metadata-resource"),
        ({"token_endpoint": "https://other.example/oauth/token"}, "metadata"),
        ({"jwks_uri": "http://gw.example.coop/oauth/jwks"}, "metadata"),
        ({"jwks_uri": None}, "metadata"),
        ({"jwks_uri": f"{ISSUER}/oauth/jwks?x=1"}, "metadata"),
        ({"jwks_uri": f"{ISSUER}/oauth/\x00"}, "metadata"),
    ],
)
def test_metadata_of_somebody_else_end_the_conversation(bent, check):
    peer = Peer()
    document = peer.metadata().json() | bent
    peer.queued["/.well-known/oauth-authorization-server"] = [httpx2.Response(200, json=document)]
    with pytest.raises(AnswerRejected) as caught:
        peer.client().pull("P4", [CODE])
    assert caught.value.check == check
    assert len(peer.seen) == 1


@pytest.mark.parametrize(
    "content",
    [
        b"[]",
        b"{",
        b'{"keys": 1}',
        b'{"keys": [], "keys": []}',
        b'{"keys": [{"kid": "a", "kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}]}',
        b'{"keys": [{"kid": "a", "kty": "EC", "crv": "P-256", "alg": "ES384"}]}',
        b'{"keys": NaN}',
        b'{"keys": ' + b"[" * 100_000,
    ],
)
def test_a_spoilt_key_set_is_refused_before_anything_is_asked(content: bytes):
    peer = Peer()
    peer.queued["/oauth/jwks"] = [httpx2.Response(200, content=content)]
    with pytest.raises(AnswerRejected) as caught:
        peer.client().pull("P4", [CODE])
    assert caught.value.check == "jwks"
    assert peer.count(TRANSFERS) == 0


def test_published_keys_are_looked_up_again_after_an_hour():
    peer = Peer()
    client = peer.client()
    client.pull("P4", [CODE])
    peer.now += 3_600
    client.pull("P4", [CODE])
    assert peer.count("/oauth/jwks") == 2


@pytest.mark.parametrize(
    "bent",
    [
        {"token_type": "Bearer"},
        {"access_token": ""},
        {"access_token": "a b"},
        {"expires_in": 0},
        {"expires_in": "300"},
        {"authorization_details": []},
        {"authorization_details": None},
        {"authorization_details": [{"type": "urn:joint-use:member-data"}]},
    ],
)
def test_a_token_for_something_else_is_refused(bent):
    peer = Peer()
    details = {
        "type": "urn:joint-use:member-data",
        "coop": CONFIG["coop"],
        "purpose": "P4",
        "agreement": CONFIG["agreement"],
        "fields": ["name"],
    }
    good = {"access_token": "t", "token_type": "DPoP", "expires_in": 300, "authorization_details": [details]}
    peer.queued[TOKEN] = [httpx2.Response(200, json=good | bent)]
    with pytest.raises(AnswerRejected) as caught:
        peer.client().pull("P4", [CODE], fields=["name"])
    assert caught.value.check == "token"
    assert peer.count(TRANSFERS) == 0


def unreachable(request: httpx2.Request) -> httpx2.Response:
    raise httpx2.ConnectError("connection refused", request=request)


def test_a_broken_way_is_told_as_such():
    peer = Peer()
    peer.handle = unreachable  # type: ignore[method-assign]  # the peer is gone
    with pytest.raises(TransportError, match="ConnectError"):
        peer.client().pull("P4", [CODE])


async def test_the_asynchronous_client_is_the_same_client():
    peer = Peer(nonce="n1", grants=[GRANT])
    peer.queued[TRANSFERS] = [problem("unavailable", 503, headers={"Retry-After": "2"})]
    async with peer.async_client() as client:
        transfer = await client.pull("P4", [CODE])
        many = [each async for each in client.pull_many("P4", [f"{number:08d}" for number in range(1_001)])]
        pages = [page async for page in client.pages("P4", limit=3)]
        assert (await client.grants())[0].id == "delivery"
        assert await client.grant_schema("delivery") == {"type": "object"}
    assert transfer.released.keys() == {CODE}
    assert [len(each) for each in many] == [1_000, 1]
    assert [page.since for page in pages] == [None, "mark-2"]
    assert peer.waits == [2]


async def test_the_asynchronous_client_tells_a_broken_way_too():
    peer = Peer()
    peer.handle = unreachable  # type: ignore[method-assign]  # the peer is gone
    with pytest.raises(TransportError):
        await peer.async_client().pull("P4", [CODE])


def test_a_connection_pool_that_was_handed_in_is_left_to_its_owner():
    peer = Peer()
    with peer.client() as client:
        client.pull("P4", [CODE])
    assert client.pull("P4", [CODE]).released
