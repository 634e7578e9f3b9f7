"""``python -m benchmarks.build SIDE ROWS URL FOLDER``: fill one empty database."""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks.side import Place


def main(side: str, rows: int, place: Place) -> None:
    """Fill the database at ``place`` with ``rows`` records of ``side``."""
    if side == "ours":
        from benchmarks import ours_data

        ours_data.build(place, rows)
    elif side == "scale":
        from benchmarks import scale_data

        scale_data.build(place, rows)
    else:
        from benchmarks import hand_data

        hand_data.build(place, rows)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Place(sys.argv[3], Path(sys.argv[4])))
