"""The program, run from a checkout: nothing of ours is installed, so we say where we are."""

import gc
import sys
from pathlib import Path

# To look for garbage among what is imported costs a submit a twentieth of its time.
gc.set_threshold(100_000, 20, 20)

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from openhands_testgen.cli import main  # noqa: E402 - after the threshold and the path

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
