"""Which element of an XML file is the record, and which names say that something is one.

In: the tree of a file's beginning. Out: the path from the root to the record, both included.

Records repeat, hold other elements, and do not lie within something that does the same: of those the ones with a usual
name (a feed may list more categories than offers), of these the most frequent, and of as frequent ones the one nearest
the root. A file of one record has none that repeats; its record is the element with a usual name, or else the one that
holds most plain values.
"""

from dataclasses import dataclass, field, replace
from xml.etree.ElementTree import Element

from chalicelib.errors import UnreadableFile

PATH_LEVELS = 8
DIFFERENT_PATHS = 10_000

Path = tuple[str, ...]

_USUAL_NAMES = frozenset(
    "product item entry offer article record row produkt produit producto prodotto artikel shopitem good sku".split()
)
_USUAL_LISTS = _USUAL_NAMES | {f"{name}s" for name in _USUAL_NAMES} | {"entries", "produkte", "prodotti"}


@dataclass(slots=True)
class _Seen:
    """How often a path was seen, and with what in it."""

    times: int = 0
    with_elements: int = 0
    with_attributes: int = 0
    with_an_attribute: int = 0
    plain_values: int = 0


@dataclass(slots=True)
class Paths:
    """The paths of a file's beginning, counted while its tree grows."""

    _seen: dict[Path, _Seen] = field(default_factory=dict)

    def take_complete(self, root: Element | None) -> None:
        """Count the elements that have ended, and take them out of the tree; the last of each may still be open."""
        path: Path = ()
        element = root
        while element is not None and len(element) and len(path) < PATH_LEVELS:
            path = (*path, element.tag)
            self._seen.setdefault(path, _Seen())
            for child in element[:-1]:
                self._add_all(path, child)
            del element[:-1]
            element = element[0]

    def with_open(self, root: Element | None) -> "Paths":
        """These paths, and those of the elements that are still in the tree."""
        paths = Paths({path: replace(seen) for path, seen in self._seen.items()})
        if root is not None:
            paths._add_all((), root)
        return paths

    def repeated(self) -> Path | None:
        """The record, when something repeats that can be one."""
        return (
            self._usual("with_elements")
            or self._most_frequent("with_elements")
            or self._usual("with_an_attribute")
            or self._most_frequent("with_attributes")
        )

    def single(self) -> Path | None:
        """The record of a file with only one."""
        holding = [path for path, seen in self._seen.items() if seen.with_elements]
        usual = [path for path in holding if is_usual(path[-1])]
        if usual:
            return min(usual, key=len)
        return max(holding, key=lambda path: (self._seen[path].plain_values, -len(path)), default=None)

    def named(self, record_path: str) -> Path | None:
        """The path that ends as ``record_path`` does, the nearest to the root."""
        wanted = tuple(record_path.strip("/").split("/"))
        found = [path for path in self._seen if path[-len(wanted) :] == wanted]
        return min(found, key=len, default=None)

    def nothing_found(self, record_path: str | None) -> UnreadableFile:
        if record_path is None:
            return UnreadableFile("The file holds no records: no element in it holds others, or has attributes.")
        seen = ", ".join("/".join(path) for path in list(self._seen)[:8])
        return UnreadableFile(f'There is no element "{record_path}" in the file. It has: {seen}.')

    def _add_all(self, within: Path, element: Element) -> None:
        """Count an element and, to some depth, what it holds."""
        waiting = [(within, element)]
        while waiting:
            within, element = waiting.pop()
            path = (*within, element.tag)
            if path not in self._seen and len(self._seen) >= DIFFERENT_PATHS:
                continue
            self._add(path, element)
            if len(path) < PATH_LEVELS:
                waiting.extend((path, child) for child in reversed(element))

    def _add(self, path: Path, element: Element) -> None:
        seen = self._seen.setdefault(path, _Seen())
        seen.times += 1
        seen.with_elements += bool(len(element))
        seen.with_attributes += len(element.keys()) > 1
        seen.with_an_attribute += bool(element.keys())
        if not len(element) and path[:-1] in self._seen:
            self._seen[path[:-1]].plain_values += 1

    def _usual(self, holding: str) -> Path | None:
        """The most frequent of the elements with a usual name that lie in no other one that can be a record.

        One that comes once counts where what it lies in is called a list of such (``<offers><offer>``).
        """
        able = {path for path, seen in self._seen.items() if getattr(seen, holding) and len(path) > 1}
        usual = {path for path in able if is_usual(path[-1])}
        records = usual | {path for path in able if self._seen[path].times > 1}
        listed = [
            path
            for path in usual
            if (self._seen[path].times > 1 or is_usual_list(path[-2]))
            and not any(path[:level] in records for level in range(1, len(path)))
        ]
        return max(listed, key=lambda each: (self._seen[each].times, -len(each)), default=None)

    def _most_frequent(self, holding: str) -> Path | None:
        repeating = {path for path, seen in self._seen.items() if getattr(seen, holding) > 1 and len(path) > 1}
        outermost = [path for path in repeating if not any(path[:level] in repeating for level in range(1, len(path)))]
        if not outermost:
            return None
        path = max(outermost, key=lambda each: (self._seen[each].times, -len(each)))
        # What repeats within the one product of a file are its prices or its pictures.
        within = (path[:level] for level in range(2, len(path)))
        return next((each for each in within if is_usual(each[-1]) and self._seen[each].times == 1), path)


def is_usual(name: str) -> bool:
    """Whether an element of this name usually is a record."""
    return name.rpartition(":")[2].lower() in _USUAL_NAMES


def is_usual_list(name: str) -> bool:
    """Whether what has this name usually holds records."""
    return name.rpartition(":")[2].lower() in _USUAL_LISTS
