"""What the log says of a release or a denial."""

from datetime import datetime

from gateway.core.days import FOREVER
from gateway.core.outcome import Denial, Sealed
from gateway.core.request import DataRequest
from gateway.data_plane.passing import Asking
from gateway.jose import rfc4648
from gateway.tlog import entries
from gateway.tlog.entries import Counts, instant


def release_entry(asking: Asking, sealed: Sealed) -> entries.Release:
    """Return the entry that authorises a release."""
    permit, request = sealed.permit, asking.request
    assert isinstance(request, DataRequest)
    return entries.Release(
        coop=permit.coop,
        time=instant(sealed.at),
        transfer=sealed.transfer,
        valid_until=instant(min(sealed.valid_until, FOREVER)),
        partner=permit.partner,
        client=asking.client,
        purpose=permit.purpose,
        product=permit.product,
        case=request.case,
        basis=permit.basis.value,
        article=permit.article,
        agreement=permit.agreement,
        grant=permit.grant.id,
        notice=permit.notice,
        policy=permit.policy.digest,
        gov=permit.gov,
        fields=dict(sealed.fields),
        page=request.members is None,
        export=asking.part.export if asking.part else None,
        part=asking.part.n if asking.part else None,
        removed=sealed.removed,
        counts=Counts(
            asked=sealed.asked, released=sealed.released, not_available=sealed.not_available, refused=sealed.refused
        ),
        commitment=rfc4648.encode(sealed.commitment),
        request=asking.rqh,
        body=rfc4648.encode(sealed.body_hash),
        encryption={
            "alg": permit.encryption.alg,
            "enc": "A256GCM",
            "kid": permit.encryption.kid,
            "jkt": permit.encryption.thumbprint,
        },
        proof=asking.jkt,
    )


def denial_entry(asking: Asking, denial: Denial, at: datetime, *, over: int = 0) -> entries.Denial:
    """Return the entry of a refusal: the same as of a release, as far as known.

    Purpose, product class and agreement are the token's: a request for others says only `mismatch`, and one that is
    malformed names no fields. So nothing stands here that a partner made up, and no list too long for an entry.
    `over` are the members that a daily limit did not hold.
    """
    request = asking.request if isinstance(asking.request, DataRequest) else None
    return entries.Denial(
        coop=asking.coop,
        time=instant(at),
        transfer=asking.transfer,
        valid_until=instant(denial.valid_until) if denial.valid_until else None,
        partner=asking.partner,
        client=asking.client,
        purpose=asking.bound.purpose,
        product=asking.bound.product,
        case=request.case if request else None,
        basis=denial.basis.value if denial.basis else None,
        agreement=asking.bound.agreement,
        notice=denial.notice,
        policy=denial.policy,
        gov=denial.gov,
        fields=list(request.fields) if request and denial.slug != "malformed" else [],
        counts=Counts(asked=len(request.members or ())) if request else None,
        request=asking.rqh,
        proof=asking.jkt,
        reasons=list(denial.reasons),
        over=over,
    )
