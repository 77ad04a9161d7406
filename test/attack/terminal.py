"""Runs a command on a terminal of its own, for tests.

usage: terminal.py COMMAND [ARGUMENT...]

Prints one JSON object a line: {"pid"} first, {"out"} as the command writes, {"code", "signal", "restored"} at its end.
Takes one JSON object a line: {"type": TEXT} types, {"hangUp": true} closes the terminal as a lost connection does.
"""

import fcntl
import json
import os
import pty
import select
import struct
import sys
import termios


def tell(**what):
    print(json.dumps(what), flush=True)


def main():
    terminal, line = pty.openpty()
    fcntl.ioctl(line, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 120, 0, 0))
    before = termios.tcgetattr(line)
    pid = os.fork()
    if pid == 0:
        os.setsid()
        fcntl.ioctl(line, termios.TIOCSCTTY, 0)
        for fd in (0, 1, 2):
            os.dup2(line, fd)
        os.closerange(3, 64)
        os.execvp(sys.argv[1], sys.argv[1:])
    tell(pid=pid)
    orders = b""
    hung_up = False
    listening = True
    while True:
        ended, status = os.waitpid(pid, os.WNOHANG)
        wait = ([] if hung_up else [terminal]) + ([0] if listening else [])
        ready, _, _ = select.select(wait, [], [], 0.02)
        if terminal in ready and not hung_up:
            tell(out=os.read(terminal, 65536).decode("utf-8", "replace"))
        elif ended:
            break
        if 0 in ready:
            chunk = os.read(0, 65536)
            listening = chunk != b""
            orders += chunk
            *lines, orders = orders.split(b"\n")
            for order in map(json.loads, lines):
                if "type" in order:
                    os.write(terminal, order["type"].encode())
                if "hangUp" in order:
                    hung_up = True
                    os.close(line)
                    os.close(terminal)
    restored = None if hung_up else termios.tcgetattr(line) == before
    code = os.WEXITSTATUS(status) if os.WIFEXITED(status) else None
    tell(code=code, signal=os.WTERMSIG(status) if os.WIFSIGNALED(status) else None, restored=restored)


main()
