"""The program, run from a checkout: nothing of ours is installed, so we say where we are."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from openhands_testgen.cli import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
