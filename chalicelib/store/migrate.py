"""Migrations: numbered SQL files, forward only, under a lock. Run by the owner of the tables, never by the application.

``:app_role`` in a migration stands for the role the application connects as; it is neither owner nor superuser, so
that forced row-level security binds it.
"""

import argparse
import os
from pathlib import Path

import psycopg
from psycopg import sql

_FOLDER = Path(__file__).parent / "migrations"
_LOCK = 7_583_520_491


def migrate(admin_url: str, app_role: str = "skuloom_app") -> list[str]:
    """Bring the database of ``admin_url`` up to date and make the application's role; returns the files applied now."""
    applied = []
    with psycopg.connect(admin_url, autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
        _make_role(connection, app_role)
        connection.execute(
            "CREATE TABLE IF NOT EXISTS schema_migrations"
            " (name text PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())"
        )
        known = {name for (name,) in connection.execute("SELECT name FROM schema_migrations")}
        for file in sorted(_FOLDER.glob("*.sql")):
            if file.name in known:
                continue
            statements = file.read_text(encoding="utf-8").replace(":app_role", sql.Identifier(app_role).as_string())
            with connection.transaction():
                connection.execute(statements.encode())
                connection.execute("INSERT INTO schema_migrations (name) VALUES (%s)", [file.name])
            applied.append(file.name)
    return applied


def _make_role(connection: psycopg.Connection, app_role: str) -> None:
    if connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [app_role]).fetchone():
        return
    connection.execute(
        sql.SQL("CREATE ROLE {} LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE").format(sql.Identifier(app_role))
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="Bring the database up to date.")
    parser.add_argument("--app-role", default="skuloom_app")
    arguments = parser.parse_args()
    applied = migrate(os.environ["PIM_DATABASE_ADMIN_URL"], arguments.app_role)
    print("\n".join(applied) or "nothing to do")


if __name__ == "__main__":
    main()
