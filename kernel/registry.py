"""One registry class: a visible list of things with keys, checked when it is made."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Generic, TypeVar

Item = TypeVar("Item")


class Registry(Mapping[str, Item], Generic[Item]):
    """Things by their ``key``, in the order of the list. Nothing registers itself by being imported.

    Two things with one key are a mistake of the programmer and stop the start (ValueError).
    """

    def __init__(self, what: str, items: Iterable[Any]) -> None:
        self.what = what
        self._items: dict[str, Item] = {}
        for item in items:
            if item.key in self._items:
                raise ValueError(f"two {what} have the key {item.key!r}")
            self._items[item.key] = item

    def __getitem__(self, key: str) -> Item:
        return self._items[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def find(self, key: str) -> Item | None:
        """The thing with this key, or None."""
        return self._items.get(key)
