"""The JSON Schemas that editors use accept the real files, refuse an unknown key, and speak both languages."""

import re
from datetime import date

import jsonschema
import pytest

from gateway.adapters.policy_files.schema import schemas
from gateway.adapters.policy_files.strict_yaml import parse

FILES = {
    "notice": "policies/*/notices/*.yaml",
    "fields": "policies/*/fields.yaml",
    "decisions": "policies/*/decisions/*.yaml",
    "agreement": "policies/*/agreements/*.yaml",
    "source": "policies/*/source.yaml",
    "partner": "partners/*.yaml",
}


def as_json(part):
    if isinstance(part, dict):
        return {key: as_json(one) for key, one in part.items()}
    if isinstance(part, tuple):
        return [as_json(one) for one in part]
    return part.isoformat() if isinstance(part, date) else part


@pytest.mark.parametrize("kind", FILES)
def test_every_real_file_fits_its_schema_and_an_unknown_key_does_not(root, kind):
    schema = schemas()[kind]
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    files = sorted(root.glob(FILES[kind]))
    assert files
    for file in files:
        plain = as_json(parse(file.read_text()).value)
        validator.validate(plain)
        assert not validator.is_valid({**plain, "surprise": 1})


@pytest.mark.parametrize("kind", FILES)
def test_every_member_is_described_in_both_languages(kind):
    schema = schemas()[kind]
    shapes = [schema, *(one for one in schema["$defs"].values() if one["type"] == "object")]
    for shape in shapes:
        assert shape["additionalProperties"] is False
        for described in (shape, *shape["properties"].values()):
            text = described["description"]
            ja, _, en = text.partition(" / ")
            assert re.search(r"[ぁ-ヿ一-鿿]", ja), text
            assert en.isascii(), text
