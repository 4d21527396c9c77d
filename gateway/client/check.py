"""Is this client ready? One line per question, each with what to do when the answer is no."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, TypeVar

import httpx2

from gateway.client.advice import Lang, Text, advice, agreement_advice, clock_advice
from gateway.client.config import Config, load_config
from gateway.client.conversation import Conversation, Flow
from gateway.client.errors import ClientError, NotPermitted
from gateway.client.keys import load_keys
from gateway.client.results import Grant
from gateway.client.sync import TIMEOUT, drive

CLOCK_TOLERANCE = 20  # seconds; the gateway refuses proofs from 30 s ahead, and the Date header is a second coarse

RETRY_BUDGET = 10.0

T = TypeVar("T")
Name = Literal["config", "keys", "metadata", "clock", "token", "grant", "decrypt"]

_TITLES: dict[Name, Text] = {
    "config": {"en": "client.json is readable and complete", "ja": "client.jsonが読め、必要な内容が揃っている"},
    "keys": {"en": "both private keys are readable, and by nobody else", "ja": "秘密鍵2つが読め、他人からは読めない"},
    "metadata": {"en": "the gateway answers under its own name", "ja": "ゲートウェイが正しい名前で応答する"},
    "clock": {"en": "this clock agrees with the gateway's", "ja": "時計がゲートウェイと合っている"},
    "token": {"en": "every purpose gets an access token", "ja": "すべての利用目的でアクセストークンを取得できる"},
    "grant": {"en": "every configured field is granted", "ja": "設定した項目がすべて提供範囲に含まれている"},
    "decrypt": {"en": "an answer arrives, opens and is proven", "ja": "応答が届き、復号と検証ができる"},
}
_NOT_RUN: Text = {"en": "not run: an earlier check failed", "ja": "未実施(先の確認が失敗したため)"}
_NEEDS_CASE: Text = {
    "en": "not run: every permitted purpose needs a case number; give one",
    "ja": "未実施(許可された利用目的のすべてに案件番号が必要です。番号を指定してください)",
}
_NO_DATE: Text = {"en": "not run: the gateway sent no Date", "ja": "未実施(ゲートウェイがDateを返していません)"}
_OFFSET: Text = {"en": "{seconds:+d} s apart", "ja": "ずれ {seconds:+d} 秒"}


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One line: the question, how it went, the finding in words, and the mend where one is needed."""

    name: Name
    status: Literal["ok", "failed", "not_run"]
    text: str
    advice: str | None = None


def run_checks(
    folder: Path | str,
    *,
    lang: Lang = "ja",
    case: str | None = None,
    unknown_member: str = "00000000",
    http: httpx2.Client | None = None,
    clock: Callable[[], float] = time.time,
) -> Iterator[CheckResult]:
    """Go through a client's folder and its gateway, yielding each line as it is known.

    The last check makes one real transfer for `unknown_member`, a code that belongs to nobody: it is logged like any
    other. Purposes that need a case number are tried there only with `case`. Grants show where client.json and the
    agreement differ even when a purpose as a whole gets no token.
    """
    named: set[Name] = set()
    with ExitStack() as stack:
        http = http or stack.enter_context(httpx2.Client(timeout=TIMEOUT, trust_env=False))
        for line in _lines(Path(folder), lang=lang, case=case, unknown_member=unknown_member, http=http, clock=clock):
            named.add(line.name)
            yield line
    for name in _TITLES:
        if name not in named:
            yield CheckResult(name, "not_run", f"{_TITLES[name][lang]}: {_NOT_RUN[lang]}")


def _lines(
    folder: Path, *, lang: Lang, case: str | None, unknown_member: str, http: httpx2.Client, clock: Callable[[], float]
) -> Iterator[CheckResult]:
    """The checks in order, up to the first that fails in a way which leaves the later ones without sense."""

    def ok(found: str = "") -> CheckResult:
        return CheckResult(name, "ok", _TITLES[name][lang] + (f": {found}" if found else ""))

    def failed(found: str, mend: str) -> CheckResult:
        return CheckResult(name, "failed", f"{_TITLES[name][lang]}: {found}", mend)

    def not_run(why: Text) -> CheckResult:
        return CheckResult(name, "not_run", f"{_TITLES[name][lang]}: {why[lang]}")

    def run(flow: Flow[T]) -> T:
        return drive(flow, http=http, sleep=time.sleep)

    name: Name = "config"
    try:
        config = load_config(folder / "client.json")
        yield ok()
        name = "keys"
        keys = load_keys(folder)
        yield ok()
        name = "metadata"
        conversation = Conversation(config, keys, clock=clock, retry_budget=RETRY_BUDGET)
        run(conversation.discover())
        yield ok(config.issuer)

        name = "clock"
        offset = conversation.clock_offset
        if offset is None:
            yield not_run(_NO_DATE)
        elif abs(offset) > CLOCK_TOLERANCE:
            yield failed(_OFFSET[lang].format(seconds=round(offset)), clock_advice(lang=lang))
        else:
            yield ok(_OFFSET[lang].format(seconds=round(offset)))

        name = "token"
        permitted, refusals = [], []
        for ask in conversation.default_asks():
            try:
                run(conversation.authorize(ask))
                permitted.append(ask)
            except NotPermitted as error:
                refusals.append(f"{ask.purpose}: {error}")
        yield failed("; ".join(refusals), agreement_advice(lang=lang)) if refusals else ok()

        name = "grant"
        lacking = list(_lacking(config, run(conversation.grants())))
        yield failed("; ".join(lacking), agreement_advice(lang=lang)) if lacking else ok()

        name = "decrypt"
        free = {entry.purpose for entry in config.purposes if case is not None or not entry.case_required}
        chosen = next((ask for ask in permitted if ask.purpose in free), None)
        if chosen is None:
            yield not_run(_NEEDS_CASE if permitted else _NOT_RUN)
            return
        transfer = run(conversation.pull(replace(chosen, case=case), [unknown_member]))
        yield ok(f"{transfer.receipt.origin} #{transfer.receipt.index}")
    except ClientError as error:
        yield failed(str(error), advice(error, lang=lang))


def _lacking(config: Config, grants: tuple[Grant, ...]) -> Iterator[str]:
    """Each configured purpose (and product class) that no active grant covers, with the fields it lacks."""
    ours = [g for g in grants if (g.coop, g.agreement, g.state) == (config.coop, config.agreement, "active")]
    for entry in config.purposes:
        for product in entry.products or (None,):
            fits = [g for g in ours if g.purpose == entry.purpose and (product is None or product in g.products)]
            missing = [name for name in entry.fields if not any(name in grant.fields for grant in fits)]
            if missing:
                yield f"{entry.purpose}{f' {product}' if product else ''}: {', '.join(missing)}"
