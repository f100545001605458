"""Judges requests and answers by the OpenAPI document of OpenHands Cloud's app server."""

from __future__ import annotations

import json
import re
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from jsonschema import Draft202012Validator, FormatChecker

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

DATA = Path(__file__).parents[1] / "data"
DOCUMENT = DATA / "openhands-cloud-1.11.0.json"
SAMPLES = DATA / "openhands-cloud-1.11.0.jsonl"


class Contract:
    """The document's calls; what is wrong with a request or an answer comes back as sentences."""

    @cached_property
    def _document(self) -> dict[str, dict[str, object]]:
        document: dict[str, dict[str, object]] = json.loads(DOCUMENT.read_text("utf-8"))
        return document

    def judge_request(
        self, method: str, path: str, query: Mapping[str, Sequence[str]], body: object
    ) -> list[str]:
        """Return what is wrong with a request: no such call, parameters, the body."""
        call = self._find(method, path)
        if call is None:
            return [f"{method} {path} is not in the contract"]
        problems = list(self._judge_parameters(call, query))
        known = {str(one["name"]) for one in _list(call.get("parameters", []))}
        problems += [f"unknown parameter {name}" for name in query if name not in known]
        content = _get(call, "requestBody", "content", "application/json", "schema")
        if content is not None:
            problems += self._judge(content, body)
            problems += self._find_unknown_fields(content, body)
        return [f"{method} {path}: {problem}" for problem in problems]

    def judge_answer(self, method: str, path: str, status: int, body: object) -> list[str]:
        """Return what is wrong with a successful answer."""
        call = self._find(method, path)
        schema = _get(call, "responses", str(status), "content", "application/json", "schema")
        problems = self._judge(schema, body) if schema else []
        return [f"the answer to {method} {path}: {problem}" for problem in problems]

    def _find(self, method: str, path: str) -> dict[str, object] | None:
        """Find a call; a path without parameters comes before one with some."""
        paths = sorted(self._document["paths"].items(), key=lambda pair: pair[0].count("{"))
        for template, calls in paths:
            pattern = re.sub(r"\{[^}]+\}", "[^/]+", template)
            if re.fullmatch(pattern, path) and isinstance(calls, dict):
                found = calls.get(method.lower())
                if isinstance(found, dict):
                    return found
        return None

    def _judge_parameters(
        self, call: Mapping[str, object], query: Mapping[str, Sequence[str]]
    ) -> Iterator[str]:
        for parameter in _list(call.get("parameters", [])):
            name, schema = str(parameter["name"]), parameter["schema"]
            if parameter["in"] != "query":
                continue
            if name not in query:
                if parameter.get("required"):
                    yield f"the parameter {name} is missing"
                continue
            yield from (f"{name}: {one}" for one in self._judge(schema, _read(schema, query[name])))

    def _find_unknown_fields(self, schema: object, body: object) -> Iterator[str]:
        """The server ignores unknown fields in silence, so that a wrong name would go unnoticed."""
        name = str(_get(schema, "$ref") or "").rpartition("/")[2]
        fields = _get(self._document, "components", "schemas", name, "properties")
        if isinstance(fields, dict) and isinstance(body, dict):
            yield from (f"unknown field {one}" for one in body if one not in fields)

    def _judge(self, schema: object, content: object) -> list[str]:
        errors = self._build_validator(json.dumps(schema)).iter_errors(content)
        return [f"{one.json_path}: {one.message[:300]}" for one in errors]

    @cache  # noqa: B019 - there is one contract, and building a validator takes long
    def _build_validator(self, schema: str) -> Draft202012Validator:
        whole = {"allOf": [json.loads(schema)], "components": self._document["components"]}
        return Draft202012Validator(whole, format_checker=FormatChecker())


def _read(schema: object, values: Sequence[str]) -> object:
    """Read a query parameter as what its schema says that it is."""
    kind = _get(schema, "type")
    if kind == "array":
        return list(values)
    return int(values[0]) if kind == "integer" and values[0].isdigit() else values[0]


def _get(content: object, *keys: str) -> object:
    for key in keys:
        content = content.get(key) if isinstance(content, dict) else None
    return content


def _list(content: object) -> list[dict[str, object]]:
    return content if isinstance(content, list) else []
