"""``make workspace NAME=acme``: makes another workspace in the system that runs, and prints its key."""

import os
import sys
from pathlib import Path

from pydantic import SecretStr

from chalicelib.errors import SkuloomError
from chalicelib.services import build_services
from chalicelib.settings import Settings
from chalicelib.workspaces import ensure_workspace
from infra.local.data_dir import read_running
from infra.local.errors import CannotStart
from infra.local.run import DEFAULT_DATA_DIR


def main(arguments: list[str]) -> int:
    """Make the workspace of the one name in ``arguments``; returns the exit code."""
    if len(arguments) != 1:
        print("Say which workspace: make workspace NAME=acme", file=sys.stderr)
        return 1
    try:
        running = read_running(Path(os.environ.get("PIM_DATA_DIR") or DEFAULT_DATA_DIR).absolute())
        services = build_services(Settings(database_url=SecretStr(running.database_url)))
        try:
            print(ensure_workspace(services, arguments[0]))
        finally:
            services.database.close()
    except (CannotStart, SkuloomError) as error:
        print(f"No workspace was made: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
