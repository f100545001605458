"""The README's tables are those of the code; `python -m tests.unit.test_readme` renews them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import SecretStr

from openhands_testgen import settings
from openhands_testgen.errors import EXIT_CODES

README = Path(__file__).parents[2] / "README.md"
GROUPS = (
    settings.TaskSettings,
    settings.ModelSettings,
    settings.BackendSettings,
    settings.ModeSettings,
    settings.WaitSettings,
    settings.JudgeSettings,
    settings.VerifySettings,
    settings.PublishSettings,
    settings.PlaceSettings,
    settings.EngineSettings,
)


def render_exit_codes() -> str:
    rows = [f"| {code} | {meaning} |" for code, meaning in EXIT_CODES.items()]
    return "\n".join(["| code | meaning |", "|---|---|", *rows])


def render_settings() -> str:
    rows = ["| setting | default | meaning | also read from |", "|---|---|---|---|"]
    seen: set[str] = set()
    for group in GROUPS:
        for name, field in group.model_fields.items():
            if field.description and name not in seen:
                seen.add(name)
                known = [
                    f"`{one}`"
                    for one in settings.get_names(group, name)
                    if not one.startswith(("INPUT_", "OPENHANDS_TESTGEN_"))
                ]
                rows.append(
                    f"| `{name.replace('_', '-')}` | {_render_default(field.default)} "
                    f"| {field.description} | {', '.join(known)} |"
                )
    return "\n".join(rows)


def _render_default(value: object) -> str:
    if isinstance(value, SecretStr) or value in {None, "", ()}:
        return ""
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


TABLES = {"settings": render_settings, "exit-codes": render_exit_codes}


@pytest.mark.parametrize("name", TABLES)
def test_table_is_that_of_the_code(name: str) -> None:
    assert _find_table(name).group(2) == TABLES[name]()


def _find_table(name: str) -> re.Match[str]:
    pattern = rf"(<!-- {name} -->\n)(.*?)(\n?<!-- /{name} -->)"
    match = re.search(pattern, README.read_text(encoding="utf-8"), re.DOTALL)
    assert match is not None
    return match


def renew() -> None:
    """Write the tables into the README."""
    for name, render in TABLES.items():
        match = _find_table(name)
        text = README.read_text(encoding="utf-8")
        table = f"<!-- {name} -->\n{render()}\n<!-- /{name} -->"
        README.write_text(text[: match.start()] + table + text[match.end() :], encoding="utf-8")


if __name__ == "__main__":
    renew()
