"""Why a set of public keys is not accepted, in both languages: the codes of jose/rfc7517.py, each with its mend."""

from collections.abc import Mapping
from typing import Final

from gateway.core.refused import Refused
from gateway.jose.rfc7517 import KeyRefused

WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "set": ("JWKSの形ではありません。`keys` だけを持つオブジェクトです", "it is no JWK Set: an object with `keys` alone"),
    "count": ("鍵が多すぎます。用途ごとに5つまでです", "there are too many keys: five of each use at most"),
    "count-sig": ("署名鍵(use: sig)は1つから5つです", "there must be one to five signature keys (use: sig)"),
    "count-enc": ("暗号鍵(use: enc)は1つから5つです", "there must be one to five encryption keys (use: enc)"),
    "kid-repeated": ("同じ `kid` が2度あります", "a `kid` is there twice"),
    "key-repeated": ("同じ鍵が2度あります。署名と暗号には別の鍵を使います", "a key is there twice; each use has a key of its own"),
    "not-an-object": ("鍵がオブジェクトではありません", "a key is no object"),
    "symmetric": ("共通鍵は使えません。公開鍵だけを渡してもらってください", "it is a symmetric key: take public keys alone"),
    "private": (
        "秘密鍵が含まれています。この鍵はもう使えません。作り直して、公開鍵だけを渡してもらってください",
        "it holds a private key, which is lost with that: have new keys made, and take the public halves alone",
    ),
    "kid": ("`kid` がないか、使えない文字があります(英数字・`-`・`_`、64字まで)", "`kid` is missing, or not of A-Z a-z 0-9 - _ (64 at most)"),
    "members": ("余計なメンバーがあるか、足りません", "it has a member too many, or too few"),
    "kind": ("使えない種類の鍵です(EC P-256、X25519、RSA)", "it is of no kind that is taken (EC P-256, X25519, RSA)"),
    "use": ("`use` は sig か enc です", "`use` is sig or enc"),
    "alg": ("`alg` がその種類と用途の鍵のものではありません", "`alg` is not the one for a key of this kind and use"),
    "point": ("曲線の上の点ではありません", "it is no point on the curve"),
    "encoding": ("値の書き方が違います(base64url、決まった長さ)", "a value is not written as it must be (base64url, of its length)"),
    "modulus": ("RSA鍵の長さが足りないか、弱い鍵です(署名2048、暗号3072から4096ビット)", "the RSA modulus is too short or weak (sig 2048, enc 3072, to 4096 bits)"),
    "exponent": ("RSA鍵の `e` は65537です", "the RSA exponent must be 65537"),
}  # fmt: skip


def set_refused(refused: KeyRefused) -> Refused:
    """Return what is said of a set that is not accepted, with the key's `kid` or its place from 1."""
    ja, en = WORDS[refused.reason]
    at = "" if refused.key is None else refused.key if isinstance(refused.key, str) else f"#{refused.key + 1}"
    where = f"(鍵 `{at}`)" if at else "", f" (key `{at}`)" if at else ""
    return Refused("keys", f"公開鍵を受け付けられません{where[0]}: {ja}", f"the keys are refused{where[1]}: {en}")
