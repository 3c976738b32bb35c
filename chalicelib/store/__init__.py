"""Where nouns are kept: the only users of psycopg, clickhouse_connect and boto3. One module a table group, its SQL
beside it.
"""
