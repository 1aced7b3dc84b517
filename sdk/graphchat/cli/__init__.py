"""The command line: one program, ``graphchat``.

Data goes to stdout, talk to stderr. Modules of commands import what they need when they
run, so that ``--help`` stays quick.
"""

import sys


def main() -> None:
    """Run the program and leave with its status."""
    try:
        from graphchat.cli.app import run
    except KeyboardInterrupt:  # too early for anything to be half done
        sys.exit(130)
    sys.exit(run())
