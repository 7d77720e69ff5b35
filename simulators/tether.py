"""Runs a program that dies with the one that started it, however that one ends: `tether.py PARENT_PID PROGRAM ARG…`.

PR_SET_PDEATHSIG survives exec, so the program itself needs to know nothing of it. Started as a file, not as a module:
it is to cost nothing.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> None:
    parent, *command = arguments
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != int(parent):
        sys.exit("tether: the parent has ended already")  # it died before the signal was asked for
    os.execvp(command[0], command)


if __name__ == "__main__":
    main(sys.argv[1:])
