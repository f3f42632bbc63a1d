"""Runs a command with standard error, or standard output too, on a terminal and prints what that showed.

    in_terminal.py [--output] COMMAND ...
"""

import os
import pty
import subprocess
import sys

arguments = sys.argv[1:]
shows_output = arguments[0] == "--output"
terminal, side = pty.openpty()
process = subprocess.Popen(
    arguments[shows_output:], stdin=subprocess.DEVNULL, stdout=side if shows_output else subprocess.DEVNULL, stderr=side
)
os.close(side)
shown = b""
while True:
    try:
        part = os.read(terminal, 65536)
    except OSError:  # Linux says so that nobody has the other side any more.
        break
    if not part:
        break
    shown += part
sys.stdout.buffer.write(shown)
sys.exit(process.wait())
