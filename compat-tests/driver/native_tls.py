"""Suite `native-tls`: scripts on a library whose TLS is native-tls alone, as on systems without OpenSSL.

Under it is OpenSSL here, but only native-tls's own interface is used. When the suite is named, each script runs that
uses TLS. Else a selection is part of the run.
"""
import os
import re

import build
import interpreters
import process
import scripts
from interpreters import BUILD, SUITE, Interpreter
from task import Task

FLAVOUR = "lua54"
BASE = "lua5.4"
NAME = "lua5.4-native-tls"
TREE = os.path.join(BUILD, FLAVOUR + "-native-tls")
FOLDERS = ("differential", "own")
USES_TLS = re.compile(r"tls|ssl|https")
ASKS = "assert(require('socket.native')('socket_tls_core').complete == false, 'its TLS is OpenSSL')"
# short scripts that are about TLS, for each run
SELECTION = ("https_certificates", "https_endings", "https_names", "https_no_authorities", "https_proxies",
             "https_requests", "https_sinks", "ftp_tls", "smtp_tls", "server_client", "server_peers", "tls_alerts",
             "tls_collected", "tls_handshake", "tls_objects", "tls_records", "tls_refusals", "tls_scheduler", "tls_server",
             "tls_stream")


def _uses_tls(script):
    with open(script.path, encoding="utf-8", errors="replace") as file:
        return USES_TLS.search(file.read()) is not None


class Suite(scripts.Scripts):
    """Builds the library at its start, and runs the scripts on it."""

    def __init__(self, chosen, wanted, services, report, brief=False):
        super().__init__(report, services)
        base = next((one for one in chosen if one.name == BASE), None)
        self._interpreter = base and Interpreter(NAME, base.path, BASE, TREE)
        unfit = scripts.reasons("native-tls.txt")

        def fits(folder, script):
            name = "%s %s" % (folder, script.name)
            fitting = script.name in SELECTION if brief else name not in unfit and _uses_tls(script)
            return fitting and wanted("native-tls " + name)
        self._chosen = {folder + " " + script.name: script for folder in FOLDERS if base
                        for script in scripts.all_scripts(folder) if fits(folder, script)}
        self._problem = None

    def _unmet(self, script, interpreter):
        return self._problem or super()._unmet(script, interpreter)

    def needs(self):
        """The services that the scripts need."""
        return {need for script in self._chosen.values() for need in script.needs}

    def prepare(self, refused, profile, built):
        """Builds, unless an earlier run has. `refused` says why Lua 5.4 has no library, of which this is a variant."""
        if not self._chosen:
            return
        self._problem = refused.get(BASE)
        if not self._problem and not built and not build.native_tls(FLAVOUR, TREE, self._report, profile):
            self._problem = "its build failed, as said above"
        elif not self._problem and not os.path.exists(TREE):
            self._problem = "not built: run without --no-build"
        if not self._problem:
            self._check()

    def _check(self):
        """Fails if the library uses OpenSSL itself: most scripts would pass on that, too."""
        loaded = process.run([self._interpreter.path, "-e", ASKS], 20, env=interpreters.environment(self._interpreter))
        if loaded.status != 0:
            self._report.fail("native-tls the library itself", loaded.output, program=self._interpreter.path)
            self._problem = "this is not the library to test"

    def every(self):
        """One task for each script."""
        return [Task("native-tls " + task.name, task.run) for folder in FOLDERS
                for task in self.tasks(folder, [self._interpreter], self._chosen.__contains__)]
