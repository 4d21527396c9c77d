"""How a partner system authenticates: OAuth 2.0 as the security profile narrows it, one file per RFC.

rfc6749         the token request and its answers; the one error type of this room
rfc7523         private_key_jwt: a client proves itself by a signed assertion
rfc9449         DPoP: each request proves the key its token is bound to; server nonces
rfc9396         authorization_details: one co-op, purpose, agreement and list of fields per token
rfc9068         access tokens: issued and read by the gateway alone
rfc8414, rfc9728    what the two metadata documents say
signed_request  the partner-signed request itself, up to the claims that say what is asked

Pure protocol code: no I/O, no clock, no storage. Checks are numbered as in the security profile, in its order; keys,
times and what was seen before are the caller's. A refusal is an `OAuthError`: its code, text and status are for the
partner, its reason for our own records.
"""
