"""GitHub's own description of its REST API, by which the fake judges requests and answers."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import TypeGuard

from jsonschema import Draft202012Validator

DATA = Path(__file__).parents[1] / "data" / "github-rest.json"
TIME = "2026-01-01T10:00:00Z"

type Json = dict[str, object]

# What the extract lacks. Read by its hash, a commit looks as it does when it is created.
_MERGES = ("POST", "/repos/{owner}/{repo}/merges")
_ANSWERS: dict[tuple[str, str], Json] = {
    ("GET", "/repos/{owner}/{repo}/git/commits/{sha}"): {"$ref": "#/components/schemas/git-commit"},
    _MERGES: {"type": ["object", "null"], "required": ["sha"]},
}
_REQUESTS: dict[tuple[str, str], Json] = {
    _MERGES: {
        "type": "object",
        "properties": {name: {"type": "string"} for name in ("base", "head", "commit_message")},
        "required": ["base", "head"],
    }
}


def is_object(value: object) -> TypeGuard[Json]:
    """Whether a value is a JSON object."""
    return isinstance(value, dict)


def get_object(value: object, *names: str) -> Json:
    """Return an object within objects; a missing one is empty."""
    for name in names:
        value = value.get(name) if is_object(value) else None
    return value if is_object(value) else {}


@cache
def read_contract() -> Json:
    """Read the description; OpenAPI's ``nullable`` becomes what JSON Schema knows."""
    content = _translate(json.loads(DATA.read_bytes()))
    assert is_object(content)
    return content


def judge_request(method: str, path: str, body: object) -> list[str]:
    """Judge a request's body; what GitHub would not know counts as wrong, unlike for GitHub."""
    known = _REQUESTS.get((method, _find_template(path)))
    schema = known or get_object(_find_operation(method, path), *_JSON_BODY)
    if not schema:
        return [] if body is None else ["a body that nobody reads"]
    return [*_validate(schema, body), *_list_unknown(schema, body, "body")]


def judge_answer(method: str, path: str, status: int, body: object) -> list[str]:
    """Judge an answer; an error's own form is not described."""
    operation = _find_operation(method, path)
    known = _ANSWERS.get((method, _find_template(path)))
    if not operation and known is None:
        return [f"GitHub has no {method} {path}"]
    if status >= 400:
        return []
    schema = known or get_object(
        operation, "responses", str(status), "content", "application/json", "schema"
    )
    return _validate(schema, body) if schema else [f"status {status} is not described"]


def make_example(name: str, /, **known: object) -> Json:
    """Make an object that fulfils a schema of GitHub's; ``known`` are the entries that matter."""
    example = _make({"$ref": f"#/components/schemas/{name}"})
    assert is_object(example)
    return {**example, **known}


_JSON_BODY = ("requestBody", "content", "application/json", "schema")


def _find_template(path: str) -> str:
    templates = [*get_object(read_contract(), "paths"), *(template for _, template in _ANSWERS)]
    fitting = [one for one in templates if re.fullmatch(_to_pattern(one), path)]
    # The one with the fewest parameters is meant: `/git/ref/x` is no `/git/{anything}/x`.
    return min(fitting, key=lambda one: one.count("{"), default="")


def _to_pattern(template: str) -> str:
    parts = re.split(r"\{(\w+)\}", template)
    names = {"ref": ".+", "path": ".+"}
    return "".join(
        names.get(part, "[^/]+") if index % 2 else re.escape(part)
        for index, part in enumerate(parts)
    )


def _find_operation(method: str, path: str) -> Json:
    return get_object(read_contract(), "paths", _find_template(path), method.lower())


def _validate(schema: Json, content: object) -> list[str]:
    whole = {**schema, "components": read_contract()["components"]}
    problems = Draft202012Validator(whole).iter_errors(content)
    return [f"{problem.json_path}: {problem.message[:300]}" for problem in problems]


def _list_unknown(schema: Json, content: object, place: str) -> list[str]:
    if isinstance(content, list):
        items = get_object(schema, "items")
        return [one for item in content for one in _list_unknown(items, item, f"{place}[]")]
    properties = get_object(schema, "properties")
    if not is_object(content) or not properties:
        return []
    unknown = [f"{place}.{name} is unknown" for name in content if name not in properties]
    return unknown + [
        one
        for name, value in content.items()
        for one in _list_unknown(get_object(properties, name), value, f"{place}.{name}")
    ]


def _resolve(schema: Json) -> Json:
    reference = schema.get("$ref")
    if not isinstance(reference, str):
        return schema
    return _resolve(get_object(read_contract(), *reference.removeprefix("#/").split("/")))


def _make(schema: Json) -> object:
    schema = _resolve(schema)
    for name in ("allOf", "anyOf", "oneOf"):
        choices = _as_list(schema.get(name))
        if choices:
            return None if {"type": "null"} in choices else _make(get_object({"": choices[0]}, ""))
    kind = schema.get("type")
    enum = _as_list(schema.get("enum"))
    if enum or isinstance(kind, list):
        return enum[0] if enum else None
    if kind == "string":
        return _make_text(schema)
    simple: Json = {"array": [], "integer": 1, "number": 1, "boolean": False}
    return simple[str(kind)] if kind in simple else _make_object(schema)


def _make_text(schema: Json) -> str:
    known = {"date-time": TIME, "uri": "https://github.example/x"}
    return known.get(str(schema.get("format"))) or "x" * int(str(schema.get("minLength", 1)))


def _make_object(schema: Json) -> Json:
    required = schema.get("required")
    properties = get_object(schema, "properties")
    names = required if isinstance(required, list) else []
    return {name: _make(get_object(properties, name)) for name in names}


def _translate(content: object) -> object:
    if isinstance(content, list):
        return [_translate(one) for one in content]
    if not is_object(content):
        return content
    translated = {name: _translate(value) for name, value in content.items()}
    if translated.pop("nullable", False) is not True:
        return translated
    if isinstance(translated.get("type"), str):
        translated["type"] = [translated["type"], "null"]
    if isinstance(translated.get("enum"), list):
        translated["enum"] = [*_as_list(translated["enum"]), None]
    if "type" in translated:
        return translated
    return {"anyOf": [{"type": "null"}, translated]}


def _as_list(value: object) -> list[object]:
    return list(value) if isinstance(value, list) else []
