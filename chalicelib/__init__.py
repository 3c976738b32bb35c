"""Skuloom: supplier files become a catalogue. This is the walk of one file through the house, room by room.

1. ``imports.receive``       the bytes are analysed, stored in S3 under the workspace and the job, and the job is made;
                             a large file goes straight to S3 first and its arrival wakes step 2
                             (``triggers.arrivals``); one at an address is fetched there (``sources``)
2. ``imports.analyze``       ``formats`` reads the file once: dialect, header, sample, row count, evidence for every
                             column, SHA-256, and the byte ranges of its chunks; what is no CSV becomes a canonical one
3. ``imports.suggest``       what each column means: the supplier's and the workspace's memory first, the vocabulary of
                             ``suggest`` second, a model for what is unsure if there is one (``imports.ask_model``); a
                             template has decided already (``imports.templates``)
4. ``imports.confirm``       a person's word becomes schema, memory and the job's ``plan`` (in two steps by the v1 APIs:
                             ``imports.mapping``, ``imports.start``); ``imports.dispatch`` turns the queued job into
                             chunk messages
5. ``imports.import_chunk``  one message, one ranged read; ``imports.rows`` converts by ``fields``, after the steps of
                             ``imports.transforms`` where a column has any; ``imports.work`` holds the rows against
                             the catalogue; one PostgreSQL transaction; ``catalog.mirror``
                             brings ClickHouse up to date. Where all rows are to be looked at before one is written,
                             ``imports.check_chunk`` goes before
6. ``imports.finish``        whoever completes the last chunk ends the job and clears its file

Beside the walk: ``imports.dry_run`` (what would happen), ``imports.control`` (cancel, retry, archive, delete),
``imports.undo`` (the way back), ``imports.recover`` (nothing stays running for ever), ``imports.history`` and
``catalog`` (what is read and edited). A change of the catalogue is noted (``catalog.changes``);
``segments`` takes the note up and computes what reads the change (``refresh``, ``compute``), by what ``conditions``
compiles. Upstairs: ``api`` and ``triggers`` call one step each, ``dialects`` print what it answers. Downstairs:
``services`` hands in the parts, ``store`` alone talks to PostgreSQL, ClickHouse, S3 and SQS, ``model`` holds the nouns,
``settings`` every limit.
"""

__version__ = "0.1.0"
