"""Tidy Python sources: trailing blanks, line ends, imports that nothing uses.

    python tools/tidy.py src
"""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path


def main(folder: str) -> int:
    """Tidy the files in place and report imports that nothing uses."""
    problems = []
    for path in sorted(Path(folder).rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        tidy = "\n".join(line.rstrip() for line in text.splitlines()).rstrip("\n") + "\n"
        if tidy != text:
            path.write_text(tidy, encoding="utf-8")
            print(f"tidied {path}")
        problems += [f"{path}: {name} is imported and not used" for name in find_unused(tidy)]
    print("\n".join(problems) or "nothing more to tidy")
    return bool(problems)


def find_unused(source: str) -> list[str]:
    """Find imported names that stand nowhere else in the source."""
    names = [
        (alias.asname or alias.name).split(".")[0]
        for node in ast.walk(ast.parse(source))
        if isinstance(node, (ast.Import, ast.ImportFrom))
        and getattr(node, "module", "") != "__future__"
        for alias in node.names
    ]
    return [name for name in names if len(re.findall(rf"\b{re.escape(name)}\b", source)) < 2]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
