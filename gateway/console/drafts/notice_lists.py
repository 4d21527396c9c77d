"""公表事項の申請画面: the forms of what a notice lists: items and their fields, joint users, classes; a new field."""

from typing import Any, Final

from gateway.console.drafts.inputs import Choice, Part, Row
from gateway.console.drafts.notice_asked import Asked, FormOf
from gateway.console.refusal import Refusal
from gateway.control_plane.drafting.notice_items import (
    CLASSES,
    FLAGS,
    ITEM_KINDS,
    SUBJECTS,
    TYPES,
    FieldTyped,
    ItemsTyped,
    ItemTyped,
    add_field,
    item_ids,
    set_items,
)
from gateway.control_plane.drafting.notice_users import (
    ClassTyped,
    MemberTyped,
    UserTyped,
    members_of,
    set_class,
    set_users,
)
from gateway.control_plane.grants.matrix import natural
from gateway.ports import Files

NEW_ROWS: Final = 4
"""Empty rows that a list offers for what is new; more come when it is saved."""


# ── items ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _items_of(asked: Asked) -> dict[str, dict[str, Any]]:
    items: dict[str, dict[str, Any]] = asked.notice["joint_use"]["items"] or {}
    return {name: items[name] for name in sorted(items, key=natural)}


def _new_ids(asked: Asked) -> list[str]:
    """Return the ids that new items get, in the order of the empty rows."""
    last = max((int(name[1:]) for name in _items_of(asked)), default=0)
    return [f"I{last + at}" for at in range(1, NEW_ROWS + 1)]


def _item_label(asked: Asked, item: str) -> str:
    for notice in (asked.notice, *asked.said.document["notices"].values()):
        if item in (notice["joint_use"]["items"] or {}):
            return f"{item} {notice['joint_use']['items'][item]['label']}"
    return item


def _items_parts(asked: Asked) -> list[Part]:
    ask, name, items = asked.ask, asked.name, _items_of(asked)
    kinds: list[Choice] = [(one, asked.words(f"item.{one}")) for one in ITEM_KINDS]
    classes: list[Choice] = [(one, asked.words(f"class.{one}")) for one in CLASSES if one != "ordinary"]
    rows = []
    for item in (*items, *_new_ids(asked)):
        one = items.get(item, {})
        head = item if item in items else f"{item} {asked.words('row.new')}"
        free, is_open = one.get("free_text", False), one.get("open", False)
        inputs = [
            ask.line(f"label-{item}", f"{head} {name('label')}", one.get("label", "")),
            ask.choice(
                f"kind-{item}",
                f"{head} {name('kind')}",
                kinds,
                "open_free_text" if free else "open" if is_open else "closed",
            ),
            ask.checks(f"never-{item}", f"{head} {name('never')}", classes, one.get("never", ())),
        ]
        if item in items:
            inputs.append(ask.check(f"remove-{item}", f"{head} {name('remove')}"))
        rows.append(Row(head=head, inputs=tuple(inputs)))
    known = {item: _item_label(asked, item) for item in item_ids(asked.said)}
    new = {item: f"{item} {asked.words('row.new')}" for item in _new_ids(asked) if item not in known}
    options: list[Choice] = [*known.items(), *new.items()]
    none: Choice = ("", asked.words("item.none"))
    labels = {field for one in items.values() for field in one.get("fields", ())}
    fields = [
        Row(
            head=asked.field_label(field),
            inputs=(
                ask.choice(
                    f"item-{field.id}",
                    f"{field.id} {name('item')}",
                    options if field.item else [none, *options],
                    field.item,
                ),
                ask.check(f"itself-{field.id}", f"{field.id} {name('itself')}", stands=field.id in labels),
            ),
        )
        for field in asked.said.policy.fields.values()
    ]
    return [
        Part(
            title=asked.words("items.list"),
            text=asked.words("items.text"),
            columns=(name("item"), name("label"), name("kind"), name("never"), name("remove")),
            rows=tuple(rows),
        ),
        Part(
            title=asked.words("items.fields"),
            text=asked.words("items.fields.text"),
            columns=(asked.words("field"), name("item"), name("itself")),
            rows=tuple(fields),
        ),
    ]


def _items_files(asked: Asked) -> Files:
    form, stood = asked.form, _items_of(asked)
    items, ids = [], {}
    last = max((int(name[1:]) for name in stood), default=0)
    for item in (*stood, *_new_ids(asked)):
        label = form.text(f"label-{item}")
        if item not in stood:
            # Rows left empty between new ones give their number to the next.
            if not label:
                continue
            last += 1
            ids[item] = f"I{last}"
        typed = ItemTyped(
            id=item if item in stood else "",
            label=label,
            kind=form.text(f"kind-{item}"),
            never=form.all(f"never-{item}"),
            remove=form.text(f"remove-{item}") == "1",
        )
        items.append(typed)
    names = asked.said.document["fields"]
    belongs = {field: form.text(f"item-{field}") for field in names}
    typed_items = ItemsTyped(
        items=tuple(items),
        belongs={field: ids.get(item, item) for field, item in belongs.items()},
        itself=frozenset(field for field in names if form.text(f"itself-{field}") == "1"),
    )
    return set_items(asked.draft.files, asked.visit.coop, asked.version, typed_items, policy_files=asked.policy_files)


# ── a new field ───────────────────────────────────────────────────────────────────────────────────────────────────


def _field_parts(asked: Asked) -> list[Part]:
    ask, name = asked.ask, asked.name
    items: list[Choice] = [(item, _item_label(asked, item)) for item in item_ids(asked.said)]
    nothing: Choice = ("", asked.words("choose" if items else "item.none"))
    products = [(one, f"{one} {label}") for one, label in (asked.notice["products"] or {}).items()]
    inputs = [
        ask.line("field", name("field"), required=True, help=asked.words("field.id")),
        ask.line("ja", name("ja"), required=True),
        ask.line("en", name("en"), required=True),
        ask.choice("item", name("item"), [nothing, *items], required=bool(items)),
        ask.check("itself", name("itself"), help=asked.words("field.itself")),
        ask.choice("type", name("type"), _options(asked, "type", TYPES), required=True),
        ask.choice(
            "cls", name("cls"), _options(asked, "class", CLASSES), required=True, help=asked.words("field.class")
        ),
        ask.choice("null", name("null"), _options(asked, "null", ("allowed", "never")), required=True),
        ask.line("max_length", name("max_length"), help=asked.words("field.max_length")),
        ask.line("length", name("length"), help=asked.words("field.length")),
        ask.long("codes", name("codes"), help=asked.words("field.codes")),
        ask.line("pattern", name("pattern")),
        ask.line("example", name("example"), required=True, help=asked.words("field.example")),
        ask.choice("subject", name("subject"), _options(asked, "subject", SUBJECTS)[1:], "member", required=True),
        ask.checks("flags", name("flags"), _options(asked, "flag", FLAGS)[1:]),
    ]
    if products:
        inputs.insert(8, ask.choice("product", name("product"), [("", asked.words("product.none")), *products]))
    return [Part(text=asked.words("field.text"), inputs=tuple(inputs))]


def _options(asked: Asked, area: str, names: tuple[str, ...]) -> list[Choice]:
    """Return the choices of an area, nothing chosen before somebody chooses."""
    return [("", asked.words("choose")), *((one, asked.words(f"{area}.{one}")) for one in names)]


def _field_files(asked: Asked) -> Files:
    form = asked.form
    lines = (
        "field",
        "item",
        "type",
        "cls",
        "ja",
        "en",
        "null",
        "max_length",
        "length",
        "pattern",
        "codes",
        "product",
        "subject",
        "example",
    )
    typed = FieldTyped(
        itself=form.text("itself") == "1", flags=form.all("flags"), **{part: form.text(part) for part in lines}
    )
    return add_field(asked.draft.files, asked.visit.coop, asked.version, typed, policy_files=asked.policy_files)


# ── users and classes ─────────────────────────────────────────────────────────────────────────────────────────────


def _partners(asked: Asked) -> list[Choice]:
    names = {name: one.name for name, one in asked.said.policy.partners.items()}
    known = [(one, f"{names[one]} ({one})" if one in names else one) for one in asked.said.partners]
    return [("", asked.words("choose")), *known]


def _users_parts(asked: Asked) -> list[Part]:
    ask, name = asked.ask, asked.name
    users: dict[str, dict[str, Any]] = asked.notice["joint_use"]["users"]
    rows = []
    for user in sorted(users, key=natural):
        one = users[user]
        rows.append(
            Row(
                head=user,
                code=one.get("partner") or one.get("members_of") or "",
                inputs=(
                    ask.line(f"label-{user}", f"{user} {name('label')}", one["label"], required=True),
                    ask.day(f"from-{user}", f"{user} {name('from')}", one.get("from")),
                    ask.day(f"to-{user}", f"{user} {name('to')}", one.get("to")),
                    ask.check(f"remove-{user}", f"{user} {name('remove')}"),
                ),
            )
        )
    return [
        Part(
            title=asked.words("users.list"),
            text=asked.words("users.text"),
            columns=(asked.words("user"), name("label"), name("from"), name("to"), name("remove")),
            rows=tuple(rows),
        ),
        Part(
            title=asked.words("users.new"),
            text=asked.words("users.new.text"),
            inputs=(
                ask.line("label", name("label")),
                ask.choice("partner", name("partner"), _partners(asked)),
                ask.line("members_of", name("members_of"), help=asked.words("users.class")),
                ask.day("from", name("from")),
                ask.day("to", name("to")),
            ),
        ),
    ]


def _users_files(asked: Asked) -> Files:
    form = asked.form
    stood = [
        UserTyped(
            id=user,
            label=form.text(f"label-{user}"),
            first=form.text(f"from-{user}"),
            last=form.text(f"to-{user}"),
            remove=form.text(f"remove-{user}") == "1",
        )
        for user in asked.notice["joint_use"]["users"]
    ]
    new = UserTyped(
        label=form.text("label"),
        partner=form.text("partner"),
        members_of=form.text("members_of"),
        first=form.text("from"),
        last=form.text("to"),
    )
    return set_users(asked.draft.files, asked.visit.coop, asked.version, [*stood, new], policy_files=asked.policy_files)


def _class_of(asked: Asked) -> dict[str, Any]:
    found: dict[str, Any] | None = asked.notice.get("classes", {}).get(asked.at["class"])
    if found is None:
        raise Refusal(404)
    return found


def _class_parts(asked: Asked) -> list[Part]:
    ask, name, listed = asked.ask, asked.name, _class_of(asked)
    names = {one: partner.name for one, partner in asked.said.policy.partners.items()}
    rows = [
        Row(
            head=names.get(member.partner, member.partner),
            code=member.partner,
            inputs=(
                ask.day(f"from-{at}", f"{member.partner} {name('from')}", member.first),
                ask.day(f"to-{at}", f"{member.partner} {name('to')}", member.last),
                ask.check(f"remove-{at}", f"{member.partner} {name('remove')}"),
            ),
        )
        for at, member in enumerate(members_of(listed))
    ]
    return [
        Part(inputs=(ask.line("source", name("source"), listed["source"], required=True),)),
        Part(
            title=asked.words("class.members"),
            text=asked.words("class.text"),
            columns=(name("partner"), name("from"), name("to"), name("remove")),
            rows=tuple(rows),
        ),
        Part(
            title=asked.words("class.new"),
            inputs=(
                ask.choice("partner", name("partner"), _partners(asked)),
                ask.day("from", name("from")),
                ask.day("to", name("to")),
            ),
        ),
    ]


def _class_files(asked: Asked) -> Files:
    form = asked.form
    members = [
        MemberTyped(
            partner=member.partner,
            first=form.text(f"from-{at}"),
            last=form.text(f"to-{at}"),
            remove=form.text(f"remove-{at}") == "1",
        )
        for at, member in enumerate(members_of(_class_of(asked)))
    ]
    new = MemberTyped(partner=form.text("partner"), first=form.text("from"), last=form.text("to"))
    typed = ClassTyped(source=form.text("source"), members=(*members, new))
    return set_class(
        asked.draft.files, asked.visit.coop, asked.version, asked.at["class"], typed, policy_files=asked.policy_files
    )


FORMS: Final = (
    FormOf(path="{version}/items", key="items", parts=_items_parts, files=_items_files),
    FormOf(path="{version}/users", key="users", parts=_users_parts, files=_users_files),
    FormOf(path="{version}/classes/{class}", key="class", parts=_class_parts, files=_class_files),
    FormOf(path="fields/new", key="field_new", parts=_field_parts, files=_field_files),
)
