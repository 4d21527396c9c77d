"""One proof, shown to two processes at once as often as a thief can: one release, however the requests fall."""

import asyncio

import httpx2

from tests.e2e.exported_log import export
from tests.e2e.independent_client import digest

TIMES = 50
FIELDS = ["member_code", "name"]


async def test_fifty_concurrent_requests_with_one_proof_release_once(sunnet, at):
    token = await sunnet.token("P3", FIELDS, "G1")
    url, request = sunnet.resource + "/transfers", sunnet.request("P3", FIELDS, "G1", members=["00000101"])
    proof = sunnet.proof("POST", url, token)
    headers = {"Authorization": f"DPoP {token}", "DPoP": proof, "Content-Type": "application/jwt"}

    # A connection for each: the kernel spreads connections over the processes, and each is there before any is used.
    clients = [httpx2.AsyncClient(timeout=30) for _ in range(TIMES)]
    await asyncio.gather(*(client.get(at.issuer + "/livez") for client in clients))
    answers = await asyncio.gather(*(client.post(url, content=request, headers=headers) for client in clients))
    await asyncio.gather(*(client.aclose() for client in clients))

    statuses = sorted(answer.status_code for answer in answers)
    assert statuses == [200] + [409] * (TIMES - 1)
    (released,) = (answer for answer in answers if answer.status_code == 200)
    answer = await sunnet.open(request, released)
    log = export(at, "replayed")
    entries = [index for index, entry in enumerate(log.entries) if entry.get("request") == digest(request.encode())]
    assert entries == [answer.receipt.claims["index"]]
    assert log.entries[entries[0]]["kind"] == "release"
