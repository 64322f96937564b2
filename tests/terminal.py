"""A command with a terminal of its own."""

import os
import pty
import re
import select
import sys
import time

from tests.examiner import PROGRAM, Examiner

PROMPT = re.compile(rb"(not shown\)|Once more): $")


def at_terminal(examiner: Examiner, typed: list[str], *words: object) -> tuple[int, str]:
    """The command with a terminal for input, output and control, and what that terminal showed."""
    line = [sys.executable, *PROGRAM, "--case", str(examiner.case), *map(str, words)]
    number, terminal = pty.fork()
    if number == 0:
        os.execve(line[0], line, examiner.environment)
    shown, answered, until = b"", 0, time.monotonic() + 60
    while time.monotonic() < until:
        if select.select([terminal], [], [], 0.1)[0]:
            try:
                block = os.read(terminal, 4096)
            except OSError:
                break
            if not block:
                break
            shown += block
            if typed and PROMPT.search(shown, answered):
                answered = len(shown)
                os.write(terminal, typed.pop(0).encode() + b"\n")
    os.close(terminal)
    _, status = os.waitpid(number, 0)
    return os.waitstatus_to_exitcode(status), shown.decode()
