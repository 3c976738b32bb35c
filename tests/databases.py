"""What both databases hold after the system was stopped: ``python -m tests.databases DATA_DIR`` prints it as JSON.

A process of its own, because one process can open one folder of ClickHouse's engine only.
"""

import json
import sys
from pathlib import Path

import clickhouse_connect
import psycopg

from infra.local.postgres import EmbeddedPostgres


def main(data_dir: Path) -> None:
    postgres = EmbeddedPostgres(data_dir / "postgres")
    postgres.start()
    try:
        with psycopg.connect(postgres.admin_url) as connection:
            stored = connection.execute('SELECT sku, name, version FROM products ORDER BY sku COLLATE "C"').fetchall()
            waiting = connection.execute("SELECT count(*) FROM mirror_outbox").fetchone()
    finally:
        postgres.stop()
    mirror = clickhouse_connect.get_client(interface="chdb", path=str(data_dir / "clickhouse"))
    mirrored = mirror.query("SELECT sku, name, version FROM products FINAL ORDER BY sku").result_rows
    mirror.close()
    print(json.dumps({"stored": stored, "mirrored": mirrored, "waiting": waiting}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
