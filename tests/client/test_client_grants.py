"""What a partner may ask for, as its client reads it: grants and their schemas."""

import pytest

from gateway.client import AnswerRejected, NotPermitted, Refused, UsageError
from tests.client.gateway_peer import GRANT, Peer

CODE = "00000001"
TOKEN, TRANSFERS = "/oauth/token", "/v1/transfers"


def test_grants_and_their_schema_are_read_with_a_token_of_any_purpose():
    peer = Peer(grants=[GRANT, GRANT | {"id": "x", "products": ["G1"], "members_per_day": None, "members_left": None}])
    client = peer.client()
    first, second = client.grants()
    assert (first.id, first.fields, first.products, first.members_left) == ("delivery", {"name": "as_is"}, (), 19_999)
    assert (second.products, second.members_per_day) == (("G1",), None)
    assert client.grant_schema("delivery") == {"type": "object"}
    assert peer.count(TOKEN) == 1


def test_grants_can_be_read_although_a_configured_field_is_not_granted():
    peer = Peer(grants=[GRANT], refused_fields={"name", "phone"})
    assert len(peer.client().grants()) == 1


def test_grants_nobody_permits_are_refused():
    peer = Peer(refused_fields={"member_code", "name", "phone"})
    with pytest.raises(NotPermitted):
        peer.client().grants()


@pytest.mark.parametrize(
    "bent", [{"state": "open"}, {"fields": []}, {"case_required": 1}, {"members_left": "1"}, {"id": None}]
)
def test_a_malformed_grant_is_refused(bent):
    with pytest.raises(AnswerRejected) as caught:
        Peer(grants=[GRANT | bent]).client().grants()
    assert caught.value.check == "grants"


def test_a_grant_that_is_not_ones_own_is_not_found():
    with pytest.raises(Refused) as caught:
        Peer().client().grant_schema("somebody-elses")
    assert (caught.value.slug, caught.value.status) == ("not-found", 404)


@pytest.mark.parametrize("grant_id", ["", ".", ".."])
def test_an_id_that_would_change_the_path_is_refused(grant_id: str):
    peer = Peer()
    with pytest.raises(UsageError):
        peer.client().grant_schema(grant_id)
    assert peer.seen == []
