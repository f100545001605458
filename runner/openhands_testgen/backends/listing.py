"""Which files an agent left different, asked of a shell on the server's machine.

The server's own list of changes escapes names that are not ASCII, leaves out what the project
ignores, and fails where a file has become a link.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from enum import StrEnum

MAX_LISTED = 200


class Kind(StrEnum):
    """What stands at a path: a plain file of sane size that no link leads to, or something else."""

    PLAIN = "P"
    OTHER = "O"
    DELETED = "D"


@dataclass(frozen=True, slots=True)
class Entry:
    """A path that differs from the base; relative to the repository."""

    path: str
    kind: Kind


def render_command(repository: str, base: str, output_path: str, max_file_bytes: int) -> str:
    """Render the command that lists what differs from the commit ``base``, the output first.

    Where the agent broke the repository, only a file at ``output_path`` is listed.
    """
    output = shlex.quote(output_path)
    literal = shlex.quote(f":(literal){output_path}")
    changed = f"git diff --no-ext-diff --no-renames --name-only -z {base} --"
    names = "; ".join(
        (
            f"{changed} {literal} || {{ [ -e {output} ] && printf '%s\\0' {output}; }}",
            f"git ls-files -z --others -- {literal}",
            changed,
            "git ls-files -z --others --exclude-standard",
        )
    )
    return (
        f"cd -- {shlex.quote(repository)} && {{ {names}; }} 2>/dev/null | "
        f"head -z -n {MAX_LISTED} | xargs -0 sh -c {shlex.quote(_TELL)} sh {max_file_bytes}"
    )


_TELL = """\
limit=$1; shift; root=$(pwd -P)
for path; do
  if [ ! -e "$path" ] && [ ! -L "$path" ]; then kind=D
  elif [ -f "$path" ] && [ "$(realpath -- "$path")" = "$root/$path" ] &&
    [ "$(stat -c %s -- "$path")" -le "$limit" ]; then kind=P
  else kind=O; fi
  printf '%s\\0%s\\0' "$kind" "$path"
done
"""


def parse_listing(text: str) -> list[Entry]:
    """Parse what the command printed; each path once, and only plain files by that word."""
    words = text.split("\0")
    kinds = {path: kind for kind, path in zip(words[::2], words[1::2], strict=False)}
    known = set(Kind)
    return [
        Entry(path, Kind(kind) if kind in known else Kind.OTHER) for path, kind in kinds.items()
    ]
