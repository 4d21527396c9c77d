"""Requests of the persons themselves (本人の請求等): what may be asked, by whom, and what each step of a case demands.

法 32–40条 and the co-ops' own notices: 開示・訂正・利用停止 with an identity check, an agent's 委任状, a fee for two kinds
alone (D-R1…R4), 照会・確認・修正・削除 for members and staff (K-R1). A case passes 受付, 本人確認, 判断, 終了; each step
returns the case after it, or refuses with what is wrong and how to mend it. Days are calendar days of Japan; the clock
runs from the day on which the office received the request, not from the day on which somebody typed it in.
"""

import re
from collections.abc import Mapping
from datetime import date
from typing import Final, Literal, get_args

import msgspec

from gateway.core.legal_parameters import ANSWER_DAYS, COMPLAINT_DAYS, Parameter, days_after
from gateway.core.plain_text import one_line, says, writable
from gateway.core.refused import Refused

Kind = Literal[
    "notify_purpose",
    "disclose",
    "correct",
    "add",
    "delete",
    "stop_use",
    "erase",
    "stop_provide",
    "inquire",
    "confirm",
    "amend",
    "complain",
]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
Subject = Literal["member", "staff"]
"""Whose data it is about: a member's (組合員), or a full-time officer's or employee's (常勤役職員)."""
SUBJECTS: Final[tuple[Subject, ...]] = get_args(Subject)
AgentKind = Literal["legal", "appointed"]
"""法定代理人, 任意代理人 (施行令13条)."""
AGENTS: Final[tuple[AgentKind, ...]] = get_args(AgentKind)
Channel = Literal["counter", "delivery", "telephone", "letter", "mail", "web"]
CHANNELS: Final[tuple[Channel, ...]] = get_args(Channel)
Form = Literal["paper", "pdf", "csv", "json"]
"""How the person wants to be answered: 法33条2項, by the method that the person asks for."""
FORMS: Final[tuple[Form, ...]] = get_args(Form)
Method = Literal["document", "card", "call_back", "sign_in", "known", "other"]
METHODS: Final[tuple[Method, ...]] = get_args(Method)
Result = Literal["confirmed", "failed", "not_needed"]
RESULTS: Final[tuple[Result, ...]] = get_args(Result)
Outcome = Literal["granted", "partly", "refused"]
OUTCOMES: Final[tuple[Outcome, ...]] = get_args(Outcome)
State = Literal["received", "identified", "decided", "closed"]
STATES: Final[tuple[State, ...]] = get_args(State)
OPEN_STATES: Final[tuple[State, ...]] = ("received", "identified", "decided")

ARTICLES: Final[Mapping[Kind, str]] = {
    "notify_purpose": "法32条2項",
    "disclose": "法33条1項・5項",
    "correct": "法34条1項",
    "add": "法34条1項",
    "delete": "法34条1項",
    "stop_use": "法35条1項・5項",
    "erase": "法35条1項・5項",
    "stop_provide": "法35条3項・5項",
    "inquire": "公表事項(合理的な範囲での対応)",
    "confirm": "公表事項(合理的な範囲での対応)",
    "amend": "公表事項(合理的な範囲での対応)・法34条1項",
    "complain": "法40条1項",
}
"""What each kind rests on."""
WITH_FEE: Final[frozenset[Kind]] = frozenset({"notify_purpose", "disclose"})
"""法38条1項 and D-R4: a fee may be asked for these two, and for no other."""
STOPPING: Final[frozenset[Kind]] = frozenset({"stop_use", "erase", "stop_provide"})
"""Kinds that a restriction of the member follows from where they are granted."""

LONGEST: Final = 2_000
_CODE: Final = re.compile(r"[0-9A-Za-z-]{1,64}")
_OFFICE: Final = re.compile(r"[0-9A-Za-z-]{1,16}")
_MOST_YEN: Final = 100_000


class Agent(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks in the person's place, and what shows that they may.

    `mandate` is the number of the 委任状, of a legal agent that of the document which shows the capacity (戸籍, 登記);
    `sealed`: it bears the principal's signature and seal (D-R3). `identity`: how the agent was identified.
    """

    kind: AgentKind
    name: str
    mandate: str = ""
    sealed: bool = False
    identity: Method | None = None

    def __repr__(self) -> str:
        """Nobody's name prints itself."""
        return f"<Agent {self.kind}>"


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """That it was checked who asks: how, with which result, on which day."""

    method: Method
    result: Result
    on: date


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """What was decided, and why: 法36条, whoever is refused is told the reason."""

    outcome: Outcome
    reason: str
    on: date

    def __repr__(self) -> str:
        """Reasons may be about the person."""
        return f"<Decision {self.outcome}>"


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """An answer sheet that was made: its form, its day, and the digest of its bytes (base64url SHA-256)."""

    form: str
    on: date
    digest: str


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One request; `member` is the code of the member that it is about, None where it is about staff."""

    kind: Kind
    subject: Subject
    member: str | None
    name: str
    asked: str
    form: Form
    received: date
    office: str
    channel: Channel
    agent: Agent | None = None
    identity: Identity | None = None
    fee: int = 0
    decision: Decision | None = None
    answers: tuple[Answer, ...] = ()
    closed: date | None = None

    def __repr__(self) -> str:
        """Whose request it is does not print itself."""
        return f"<Case {self.kind} {state_of(self)}>"


def is_code(text: str) -> bool:
    """Tell whether a text can be a member code."""
    return _CODE.fullmatch(text) is not None


def state_of(case: Case) -> State:
    """Return how far a case has come."""
    if case.closed is not None:
        return "closed"
    if case.decision is not None:
        return "decided"
    return "received" if case.identity is None else "identified"


def parameters_of(kind: Kind) -> tuple[Parameter, ...]:
    """Return the dated parameter that a kind's due day is counted with."""
    return COMPLAINT_DAYS if kind == "complain" else ANSWER_DAYS


def due_day(case: Case) -> date | None:
    """Return the day by which it should be answered, counted from its receipt at the office; None where nothing says."""
    return days_after(parameters_of(case.kind), case.received)


# ── the steps ─────────────────────────────────────────────────────────────────────────────────────────────────────


def opened(case: Case, *, today: date) -> Case:
    """Return the case as it is received. Raises Refused."""
    if case.received > today:
        raise Refused(
            "case:received",
            "受領日が今日より後です。事業所で実際に受け付けた日を入力してください",
            "the day of receipt is later than today; give the day on which the office received it",
        )
    if not _OFFICE.fullmatch(case.office):
        raise Refused(
            "case:office",
            "事業所コードは英数字とハイフンで16字までです。受け付けた宅配センター・店舗・事業所のコードを入力してください",
            "an office code has up to 16 letters, digits and hyphens; give that of the office that received it",
        )
    if (case.subject == "member") != (case.member is not None):
        raise Refused(
            "case:member",
            "組合員についての申出には組合員コードが必要で、常勤役職員についての申出には入力できません。どちらかを直してください",
            "a case about a member needs the member code, and one about staff has none; mend one of the two",
        )
    if case.member is not None and not is_code(case.member):
        raise Refused(
            "case:code",
            "組合員コードの形が違います。半角の英数字とハイフンで、先頭の0も省かずに入力してください",
            "this is no member code; type letters, digits and hyphens, with leading zeros",
        )
    if not one_line(case.name) or len(case.name) > LONGEST:
        raise Refused(
            "case:name", "申出をした人の氏名を1行で書いてください", "give the name of whoever asks, in one line"
        )
    _say(case.asked, "申出の内容", "what is asked")
    if case.agent is not None:
        check_agent(case.agent)
    return msgspec.structs.replace(case, identity=None, fee=0, decision=None, answers=(), closed=None)


def check_agent(agent: Agent) -> None:
    """Refuse whoever does not show that they may act for the person (D-R3, 施行令13条). Raises Refused."""
    if not one_line(agent.name):
        raise Refused("agent:name", "代理人の氏名を1行で書いてください", "give the agent's name, in one line")
    if not one_line(agent.mandate) or len(agent.mandate) > 64:
        if agent.kind == "appointed":
            raise Refused(
                "agent:mandate",
                "任意代理人からの申出には、委任者本人の委任状が必要です(施行令13条)。"
                "委任状を受け取ってから、その番号を入れて登録してください。受領日は事業所で受け付けた日のままにできます",
                "an appointed agent needs the principal's power of attorney (Order, Art. 13): enter it once you have it, "
                "with its number; the day of receipt stays that of the office",
            )
        raise Refused(
            "agent:capacity",
            "法定代理人であることを示す書類(戸籍、登記事項証明書など)の番号を入力してください",
            "give the number of the document that shows the legal agent's capacity",
        )
    if agent.kind == "appointed" and not agent.sealed:
        raise Refused(
            "agent:seal",
            "委任状に委任者の署名と捺印がありません。署名・捺印のある委任状を求め、確かめてから登録してください",
            "the power of attorney lacks the principal's signature and seal; ask for one that bears both",
        )
    if agent.identity is None:
        raise Refused(
            "agent:identity",
            "代理人自身の本人確認の方法を選んでください",
            "say how the agent was identified",
        )


def identified(case: Case, identity: Identity, *, today: date) -> Case:
    """Return the case after its identity check; a failed one may be repeated. Raises Refused."""
    _check_open(case)
    if case.decision is not None:
        raise Refused(
            "case:decided",
            "判断の後に本人確認は変えられません",
            "after the decision the identity check stays as it is",
        )
    if not case.received <= identity.on <= today:
        raise Refused(
            "identity:day",
            "本人確認の日は、受領日から今日までの日にしてください",
            "the identity check is of a day from the receipt until today",
        )
    if identity.result == "not_needed" and case.kind != "complain":
        raise Refused(
            "identity:needed",
            "本人確認を省けるのは苦情だけです。確認の方法と結果を登録してください",
            "only a complaint needs no identity check; record how it was checked and the result",
        )
    return msgspec.structs.replace(case, identity=identity)


def charged(case: Case, yen: int, *, most: int | None) -> Case:
    """Return the case with its fee; `most` is what the co-op published as its fee, None where it charges none.

    Raises Refused.
    """
    _check_open(case)
    if case.kind not in WITH_FEE:
        raise Refused(
            "fee:kind",
            "手数料を請求できるのは利用目的の通知と開示だけです(法38条1項)。この申出には請求できません",
            "a fee may be charged for notification of purposes and disclosure alone (Art. 38(1)); not for this one",
        )
    if most is None:
        raise Refused(
            "fee:none",
            "この生協は手数料の額を定めていません。額を公表してから、運用担当に設定(GATEWAY_RIGHTS_FEES)を依頼してください",
            "this co-op has set no fee; publish its amount, then let the operators set GATEWAY_RIGHTS_FEES",
        )
    if not 0 <= yen <= min(most, _MOST_YEN):
        raise Refused(
            "fee:amount",
            f"手数料は0円から{most}円までです(実費を勘案した合理的な額、法38条2項)",
            f"the fee is between 0 and {most} yen (reasonable in view of actual cost, Art. 38(2))",
        )
    return msgspec.structs.replace(case, fee=yen)


def decided(case: Case, decision: Decision, *, today: date) -> Case:
    """Return the case as decided. Raises Refused."""
    _check_open(case)
    if case.identity is None:
        raise Refused(
            "decision:identity",
            "本人確認が済んでいません。先に確認の方法と結果を登録してください",
            "nobody has checked yet who asks; record that first",
        )
    if decision.outcome != "refused" and case.identity.result == "failed":
        raise Refused(
            "decision:unidentified",
            "本人と確認できていないので、応じることはできません。もう一度確認するか、理由を付けて拒否してください",
            "whoever asks could not be identified: check again, or refuse with the reason",
        )
    if not case.identity.on <= decision.on <= today:
        raise Refused(
            "decision:day",
            "判断の日は、本人確認の日から今日までの日にしてください",
            "the decision is of a day from the identity check until today",
        )
    if decision.outcome != "granted" and not says(decision.reason):
        raise Refused(
            "decision:reason",
            "応じない部分があるときは、その理由を書いてください(法36条)。理由は本人への説明に使います",
            "where something is refused, write why (Art. 36); the person is told so",
        )
    if decision.reason:
        _say(decision.reason, "理由", "the reason")
    return msgspec.structs.replace(case, decision=decision)


def answerable(case: Case) -> None:
    """Refuse an answer sheet before it is known who asks. Raises Refused."""
    if case.identity is None or case.identity.result != "confirmed":
        raise Refused(
            "answer:identity",
            "本人と確認できた案件でなければ、回答書は作れません。案件で本人確認を登録してください",
            "an answer sheet needs a case whose identity check succeeded; record it in the case",
        )
    if case.closed is not None:
        raise Refused(
            "answer:closed",
            "この案件は終了しています。新しい案件を登録してください",
            "this case is closed; open a new one",
        )


def answered(case: Case, answer: Answer) -> Case:
    """Return the case with one more answer sheet. Raises Refused."""
    answerable(case)
    return msgspec.structs.replace(case, answers=(*case.answers, answer))


def closed(case: Case, *, today: date) -> Case:
    """Return the case as ended. Raises Refused."""
    _check_open(case)
    if case.identity is None:
        raise Refused(
            "close:identity",
            "本人確認が済むまで案件は終了できません。確認の方法と結果を登録してください",
            "a case cannot be closed without an identity check; record how it was checked and the result",
        )
    if case.decision is None:
        raise Refused(
            "close:decision",
            "判断が登録されるまで案件は終了できません",
            "a case cannot be closed before it is decided",
        )
    return msgspec.structs.replace(case, closed=today)


def _check_open(case: Case) -> None:
    if case.closed is not None:
        raise Refused(
            "case:closed",
            "この案件は終了しています。続きがあるときは新しい案件を登録してください",
            "this case is closed; open a new one for what follows",
        )


def _say(text: str, ja: str, en: str) -> None:
    if not text.strip() or not writable(text) or len(text) > LONGEST:
        raise Refused(
            "case:text",
            f"{ja}を{LONGEST}字までで書いてください(制御文字は使えません)",
            f"write {en} in up to {LONGEST} characters, without control characters",
        )
