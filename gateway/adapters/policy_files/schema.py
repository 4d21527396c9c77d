"""JSON Schema of each kind of policy file, for editors (`gateway policy schema`)."""

from typing import Any

from gateway.adapters.policy_files.agreement import AgreementsFile
from gateway.adapters.policy_files.catalogue import FieldsFile
from gateway.adapters.policy_files.decisions import DecisionsFile
from gateway.adapters.policy_files.notice import NoticeFile
from gateway.adapters.policy_files.partner import PartnerFile
from gateway.adapters.policy_files.shape import Shape
from gateway.adapters.policy_files.source import SourceFile

KINDS: dict[str, type[Shape]] = {
    "notice": NoticeFile,
    "fields": FieldsFile,
    "decisions": DecisionsFile,
    "agreement": AgreementsFile,
    "source": SourceFile,
    "partner": PartnerFile,
}


def schemas() -> dict[str, dict[str, Any]]:
    """Return kind → JSON Schema (2020-12), closed and described in Japanese and English."""
    dialect = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    return {kind: {**dialect, **shape.model_json_schema(by_alias=True)} for kind, shape in KINDS.items()}
