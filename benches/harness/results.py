"""The samples of earlier runs: a run of some cases replaces those and keeps the others."""
import json
import os

from measure import Outcome


class Results:
    """Results by interpreter and case, in a file."""

    def __init__(self, path):
        self._path = path
        self._outcomes = {}
        if os.path.exists(path):
            with open(path) as file:
                self._outcomes = json.load(file)

    def put(self, interpreter, case, outcome):
        """Replaces the stored result of a case."""
        self._outcomes.setdefault(interpreter, {})[case.name] = outcome._asdict()

    def get(self, interpreter, case):
        """The result of a case; empty when it was not measured."""
        known = self._outcomes.get(interpreter, {}).get(case.name)
        return Outcome(**known) if known else Outcome({}, {})

    @property
    def interpreters(self):
        """The interpreters with any result, in alphabetical order, LuaJIT last."""
        return sorted(self._outcomes, key=lambda name: (name == "luajit", name))

    def save(self):
        """Writes the file."""
        with open(self._path, "w") as file:
            json.dump(self._outcomes, file, indent=1)
