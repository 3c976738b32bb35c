"""Becomes another program, as another user if asked, that is stopped when the process that started it dies.

Run as a file of its own by ``postgres.py``: ``python -I -S with_parent.py UID GID PARENT_PID PROGRAM ARGUMENT...``; a
UID of -1 keeps the user. It exists because nothing may run between fork and exec of a process that has threads.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> None:
    uid, gid, parent_pid, *command = arguments
    if int(uid) != -1:
        os.setgroups([])
        os.setgid(int(gid))
        os.setuid(int(uid))
    if sys.platform == "linux":
        # After the change of user, which would clear it. SIGINT is PostgreSQL's fast shutdown: no recovery next time.
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGINT)
        if os.getppid() != int(parent_pid):
            sys.exit("the starting process is already gone")
    os.execv(command[0], command)


if __name__ == "__main__":
    main(sys.argv[1:])
