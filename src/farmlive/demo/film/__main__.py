"""`python -m farmlive.demo.film DATA NAME…`: draws films into a data folder, and prints after each
frame how many are done. Exits with 1 and ffmpeg's words where that fails.
"""

import sys
from pathlib import Path

from farmlive.demo.film.film import TAKES, FilmError, film_in, make_film


def main(data: Path, names: list[str]) -> None:
    """Draw the films of these names, one after the other."""
    done = 0

    def tell(_frame: int) -> None:
        nonlocal done
        done += 1
        sys.stdout.write(f"{done}\n")
        sys.stdout.flush()

    for name in names:
        make_film(film_in(data, TAKES[name]), tell, take=TAKES[name])


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]), sys.argv[2:])
    except FilmError as error:
        sys.exit(str(error))
