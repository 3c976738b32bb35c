"""The condition language: what a segment's definition and a list's filter say, and the SQL they become.

In: JSON of a definition (or ``?field=text`` of a list), the workspace's schema, the moment it is read at.
Out: frozen nodes (``definition``), and of them one boolean ClickHouse expression with its values as parameters
(``compile``). ``operators`` is the table of what can be said, ``moments`` what a date means. Nothing here does I/O.

Serves the shared spec, section 3 "Segments".
"""
