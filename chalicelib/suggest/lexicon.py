"""Suggest, the dictionary: which meanings each word of a header may have.

In: the ``words_*`` tables, written by meaning and language. Out: ``read``, which turns a header into its meanings;
compound words (``Lagerbestand``, ``precioant``, ``商品コード``) are taken apart into words the tables know.
"""

from typing import TypeAlias

Words: TypeAlias = dict[str, dict[str, str]]
