"""The table of upstream scripts; each cases_*.py module adds its cases."""
from typing import Callable, NamedTuple, Tuple

CASES = []


class Case(NamedTuple):
    """One upstream script, or a pair of scripts, with the function that tests it."""
    name: str
    check: Callable
    limit: int                  # seconds
    commands: Tuple[str, ...]   # programs that it needs
    modules: Tuple[str, ...]    # Python modules that it needs


# Listed but never run: the reference fails them.
IMPOSSIBLE = {
    "samples/cddb.lua": "mixes up the results of http.request, so it prints the function `error` on the reference too",
}


def case(name, limit=60, commands=(), modules=()):
    """Registers the decorated function as the test of upstream script `name`."""
    def register(check):
        CASES.append(Case(name, check, limit, tuple(commands), tuple(modules)))
        return check
    return register
