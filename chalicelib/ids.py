"""One job, one 128-bit id, three spellings (shared spec, section 1 "Identity of a job").

The row has an integer besides; the UUIDv7 is what Pixeepim prints, and ``imp_`` + 26 Crockford characters of the same
bits (a ULID) is what ProductsManager prints. Both sort by time of making.
"""

import re
import uuid

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_CROCKFORD_VALUE = {letter: value for value, letter in enumerate(_CROCKFORD)}
_IMP = re.compile(r"imp_([0-7][0-9A-HJKMNP-TV-Z]{25})", re.IGNORECASE)


def make_job_uuid(at_milliseconds: int, random_bits: int) -> uuid.UUID:
    """A UUIDv7 from a Unix time in milliseconds and 74 random bits."""
    value = (at_milliseconds & (2**48 - 1)) << 80
    value |= 0x7 << 76
    value |= ((random_bits >> 62) & 0xFFF) << 64
    value |= 0b10 << 62
    value |= random_bits & (2**62 - 1)
    return uuid.UUID(int=value)


def imp_id(job_uuid: uuid.UUID) -> str:
    """The ProductsManager spelling of a job's id."""
    value = job_uuid.int
    return "imp_" + "".join(_CROCKFORD[(value >> shift) & 31] for shift in range(125, -1, -5))


def parse_imp_id(text: str) -> uuid.UUID | None:
    """The id behind an ``imp_`` spelling, or None when it is not one. Case does not matter."""
    found = _IMP.fullmatch(text)
    if not found:
        return None
    value = 0
    for letter in found[1].upper():
        value = value << 5 | _CROCKFORD_VALUE[letter]
    return uuid.UUID(int=value)
