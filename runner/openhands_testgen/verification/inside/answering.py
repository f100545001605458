"""How a program is asked, and how it answers: by one JSON object each."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any, Callable, NoReturn

from openhands_testgen.verification.inside.account import MAX_TEXT
from openhands_testgen.verification.inside.pool import LostWorkerError


def reply(examine: Callable[[dict[str, Any]], dict[str, object]]) -> NoReturn:
    """Answer the question in the file that the command names, and end at once.

    What goes wrong on the way is an answer too.
    """
    try:
        answer = examine(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
    except LostWorkerError:
        answer = {"is_lost": True}
    except Exception as exc:  # noqa: BLE001 - an answer says why it is none
        answer = {"problem": f"{type(exc).__name__}: {exc}"[:MAX_TEXT]}
    print(json.dumps(answer), flush=True)  # noqa: T201 - this is how it answers
    os._exit(0)  # nobody needs what would be tidied up
