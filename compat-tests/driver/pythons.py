"""Finds a Python that has a package. Debian's packages are for the system's Python, which may not be the driver's."""
import functools
import os
import sys

import process

CANDIDATES = (sys.executable, "/usr/bin/python3")


@functools.lru_cache(maxsize=None)
def having(module):
    """The first Python that can import `module`, or None."""
    for python in CANDIDATES:
        if os.path.exists(python) and process.run([python, "-c", "import " + module], 20).status == 0:
            return python
    return None
