"""The measurements: each case with its amount of work, its unit and its target ratio."""
from typing import Dict, NamedTuple, Optional, Tuple

MB = 1000000
MIB = 1 << 20
FLOOR = "floor"                 # the limit is an action of this name that calls C functions, in the same interpreter
CHANCE = 0.03                   # the usual relative difference between medians of identical runs


class Unit(NamedTuple):
    """How a measurement is converted into a figure."""
    name: str
    scale: float
    is_rate: bool               # higher is better: amount per time; else time per amount

    def figure(self, seconds, amount):
        """The figure for an amount of work and its time in seconds."""
        return amount / seconds / self.scale if self.is_rate else seconds / amount * self.scale


NS, US, MS = (Unit(name, scale, False) for name, scale in (("ns", 1e9), ("µs", 1e6), ("ms", 1e3)))
RATE = Unit("MB/s", MB, True)
PEAK = Unit("MB", MB, False)     # of memory: independent of the amount of work
EACH = Unit("KB", 1e3, False)    # of memory, for one object
MEMORY = (PEAK, EACH)


class Case(NamedTuple):
    """One line of the table."""
    name: str
    title: str
    script: str
    action: str
    full: Tuple[int, ...]
    quick: Tuple[int, ...]
    unit: Unit
    clock: str = "wall"         # "cpu" for work without waits: other programs disturb CPU time less
    targets: Tuple[float, ...] = ()     # for PUC-Rio Lua and for LuaJIT, or one for both
    limit: Optional[str] = None         # the peer's bare loop that does the same work, or FLOOR
    repeat: int = 1             # processes for one sample
    runs: Optional[int] = None
    counted: Optional[Tuple[int, ...]] = None   # the work for counting instructions, in cases with traffic

    def target(self, interpreter):
        """The target ratio, or None."""
        return self.targets[-1 if interpreter == "luajit" else 0] if self.targets else None

    def misses(self, interpreter, ratio):
        """True when there is a target ratio and this ratio misses it by more than chance."""
        target = self.target(interpreter)
        return bool(target and ratio) and ratio < target * (1 - CHANCE)

    @property
    def has_floor(self):
        """True when the limit is a bare loop in the interpreter, and not one of the peer."""
        return bool(self.limit) and self.limit.startswith(FLOOR)

    @property
    def needs(self):
        """The servers that must run besides the peer."""
        return {"nginx"} if self.script == "http" else set()


class Series(NamedTuple):
    """Figures by size: they stay constant where the cost is linear."""
    name: str
    title: str
    what: str                   # the unit of the sizes
    points: Tuple[Tuple[str, Case], ...]


CASES = (
    Case("lines", '`receive("*l")`, 64-byte lines', "receive", "lines", (1000000, 64), (200000, 64), NS, "cpu", (2, 1.8),
         limit=FLOOR),
    Case("all-256m", '`receive("*a")`, 256 MB', "receive", "all", (256 * MB,), (64 * MB,), RATE, targets=(4, 10),
         limit="gather"),
    Case("all-1g", '`receive("*a")`, 1 GB', "receive", "all", (1000 * MB,), (128 * MB,), RATE, targets=(4, 10),
         limit="gather", runs=3),
    Case("receive-1m", "`receive(1 MB)`", "receive", "pieces", (512 * MIB, MIB), (128 * MIB, MIB), RATE,
         targets=(1.5,), limit="receive"),
    Case("receive-8k", "`receive(8192)`", "receive", "pieces", (512 * MIB, 8192), (128 * MIB, 8192), RATE,
         targets=(1.1,), limit="receive", counted=(64 * MIB, 8192)),

    Case("send-1m", "`send` of 1 MB", "send", "pieces", (1024 * MIB, MIB), (256 * MIB, MIB), RATE, targets=(1,),
         limit="send"),
    Case("send-64", "`send` of 64 bytes", "send", "pieces", (16 * MIB, 64), (4 * MIB, 64), RATE, targets=(1,),
         limit="send", counted=(MIB, 64)),
    Case("tcp-pingpong", "TCP ping-pong of 1 byte", "send", "pingpong", (20000,), (5000,), US, targets=(1,),
         limit="pingpong", counted=(4000,)),
    Case("udp-pingpong", "UDP ping-pong of 1 byte", "send", "datagrams", (20000,), (5000,), US, targets=(1,),
         limit="datagrams", counted=(4000,)),
    Case("connect", "connect and close", "send", "connect", (5000,), (2000,), US, targets=(1,), limit="connect",
         counted=(1000,)),

    Case("http-1k", "`http.request(url)`, 1 KB", "http", "small", (2000,), (500,), US, targets=(1.1,),
         limit="http", counted=(1000,)),
    Case("http-name", "the same from `localhost`", "http", "named", (2000,), (500,), US, targets=(1,),
         counted=(1000,)),
    Case("http-sink", "HTTP 100 MB to a sink", "http", "download", (100 * MB,), (100 * MB,), RATE, targets=(2.5, 2),
         limit="floor_download", counted=(100 * MB,)),
    Case("http-string", "HTTP 100 MB as a string", "http", "string", (100 * MB,), (100 * MB,), RATE, targets=(4,),
         limit="download-gather"),
    Case("http-chunked", "HTTP 100 MB chunked to a sink", "http", "chunked", (100 * MB, 32000), (20 * MB, 32000), RATE,
         targets=(2, 2.5), limit="floor_chunked", counted=(20 * MB, 32000)),
    Case("http-post", "HTTP POST of 8 MB", "http", "post", (8 * MB, 20), (8 * MB, 4), RATE, targets=(1.5,)),

    Case("https-first", "HTTPS 1 KB, the first request", "http", "tls_first", (), (), MS),
    Case("https-1k", "HTTPS 1 KB, further requests", "http", "tls_small", (40,), (10,), MS, targets=(15,)),
    # nginx encrypts as slowly as either client decrypts, so wall time would measure nginx.
    Case("https-sink", "HTTPS 100 MB to a sink, CPU time", "http", "tls_download", (100 * MB,), (100 * MB,), RATE,
         "cpu", (2,), limit="download-tls"),

    Case("base64", "base64, encode", "mime", "b64", (MIB, 128 * MIB), (MIB, 48 * MIB), RATE, "cpu", (8,)),
    Case("unbase64", "base64, decode", "mime", "unb64", (MIB, 128 * MIB), (MIB, 48 * MIB), RATE, "cpu", (8,)),
    Case("qp", "quoted-printable, encode", "mime", "qp", (MIB, 64 * MIB), (MIB, 32 * MIB), RATE, "cpu", (4,)),
    Case("unqp", "quoted-printable, decode", "mime", "unqp", (MIB, 64 * MIB), (MIB, 32 * MIB), RATE, "cpu", (4,)),
    Case("eol", "`mime.eol`", "mime", "eol", (MIB, 128 * MIB), (MIB, 48 * MIB), RATE, "cpu", (4,)),
    Case("wrp", "`mime.wrp`", "mime", "wrp", (MIB, 128 * MIB), (MIB, 48 * MIB), RATE, "cpu", (4,)),
    Case("dot", "`mime.dot`", "mime", "dot", (MIB, 128 * MIB), (MIB, 48 * MIB), RATE, "cpu", (4,)),
    # One call in a process that has made no large string before: nothing is warm.
    Case("base64-12m", "base64, encode, 12 MB once", "mime", "b64", (12 * MB, 12 * MB), (12 * MB, 12 * MB), RATE,
         "cpu", (6, 8)),
    Case("eol-12m", "`mime.eol`, 12 MB once", "mime", "eol", (12 * MB, 12 * MB), (12 * MB, 12 * MB), RATE, "cpu",
         (3, 5)),
    Case("wrp-12m", "`mime.wrp`, 12 MB once", "mime", "wrp", (12 * MB, 12 * MB), (12 * MB, 12 * MB), RATE, "cpu",
         (3, 5)),
    Case("dot-12m", "`mime.dot`, 12 MB once", "mime", "dot", (12 * MB, 12 * MB), (12 * MB, 12 * MB), RATE, "cpu",
         (3, 5)),
    Case("base64-1", "base64, encode, 1 byte", "mime", "b64_calls", (1, 500000), (1, 100000), NS, "cpu", (1,)),
    Case("eol-1", "`mime.eol`, 1 byte", "mime", "eol_calls", (1, 500000), (1, 100000), NS, "cpu", (1,)),
    Case("dot-16", "`mime.dot`, 16 bytes", "mime", "dot_calls", (16, 500000), (16, 100000), NS, "cpu", (1,)),
    Case("chain", "ltn12 chain, base64 and wrap", "mime", "chain", (64 * MIB,), (16 * MIB,), RATE, "cpu", (4,)),

    Case("parse", "`url.parse`", "url", "parse", (50000,), (10000,), US, "cpu", (5,)),
    Case("absolute", "`url.absolute`", "url", "absolute", (50000,), (10000,), US, "cpu", (5,)),
    Case("escape", "`url.escape`", "url", "escape", (200000,), (20000,), US, "cpu", (5,)),

    Case("build", "`url.build`", "url", "build", (200000,), (20000,), US, "cpu", (1,)),

    Case("select-450", "`select`, 450 sockets, one ready", "select", "ready", (450, 1500), (450, 300), US, "cpu", (5,),
         limit="select"),

    Case("settimeout", "`settimeout`", "calls", "settimeout", (2000000,), (300000,), NS, "cpu", (1,)),
    Case("gettimeout", "`gettimeout`", "calls", "gettimeout", (2000000,), (300000,), NS, "cpu", (1,)),
    Case("gettime", "`socket.gettime`", "calls", "gettime", (2000000,), (300000,), NS, "cpu", (1,)),
    Case("getfd", "`getfd`", "calls", "getfd", (2000000,), (300000,), NS, "cpu", (1,)),
    Case("dirty", "`dirty`", "calls", "dirty", (2000000,), (300000,), NS, "cpu", (1,)),
    Case("getstats", "`getstats`", "calls", "getstats", (2000000,), (300000,), NS, "cpu", (1,)),
    Case("setoption", "`setoption`", "calls", "setoption", (500000,), (100000,), NS, "cpu", (1,)),
    Case("protect", "`protect` and `try`", "calls", "protect", (2000000,), (300000,), NS, "cpu", (1,)),
    Case("tcp", "`socket.tcp` and `close`", "calls", "tcp", (500000,), (100000,), NS, "cpu", (1,)),

    Case("memory-sink", "peak memory, HTTP 100 MB to a sink", "http", "download", (100 * MB,), (100 * MB,), PEAK,
         targets=(1,), runs=3),
    Case("memory-string", "peak memory, HTTP 100 MB as a string", "http", "string", (100 * MB,), (100 * MB,), PEAK,
         targets=(1 / 0.7,), runs=3),

    Case("memory-socket", 'peak memory, `require "socket"`', "startup", "socket", (), (), PEAK, targets=(1,), runs=3),
    Case("memory-connection", "memory of a connection that has received a line", "memory", "connections", (400,),
         (400,), EACH, targets=(1,), runs=3),

    Case("require-socket", '`require "socket"`', "startup", "socket", (), (), MS, "cpu", (1,), repeat=10),
    Case("require-all", "`require` of all but TLS", "startup", "all", (), (), MS, "cpu", (1,), repeat=10),
    Case("require-tls", "`require` of HTTP and HTTPS", "startup", "tls", (), (), MS, "cpu", (1,), repeat=10),
)

# The cases that the README shows: everyday work, including slow cases.
SUMMARY = ("lines", "all-256m", "receive-1m", "send-1m", "tcp-pingpong", "http-1k", "http-sink", "http-post",
           "https-1k", "base64", "parse", "select-450", "memory-sink", "require-socket")


def _series(name, title, what, unit, clock, script, action, points):
    cases = tuple((label, Case("%s %s" % (name, label), title, script, action, numbers, numbers, unit, clock, runs=3))
                  for label, numbers in points)
    return Series(name, title, what, cases)


SERIES = (
    _series("select", "`select`, one socket ready", "sockets", NS, "cpu", "select", "sockets",
            [("{:,}".format(n), (n, 500000 // n)) for n in (10, 100, 1000, 5000)]),
    _series("receive-all", '`receive("*a")`', "bytes", RATE, "wall", "receive", "all",
            [("1 MB", (MB,)), ("4 MB", (4 * MB,)), ("16 MB", (16 * MB,)), ("64 MB", (64 * MB,)),
             ("256 MB", (256 * MB,)), ("1 GB", (1000 * MB,))]),
    _series("headers", "HTTP answers, by header lines", "lines", US, "cpu", "http", "headers",
            [("{:,}".format(n), (n, max(2, 20000 // n))) for n in (10, 100, 1000, 10000)]),
    _series("base64-size", "`mime.b64`, by size of the input", "bytes", RATE, "cpu", "mime", "b64",
            [("{:,}".format(n), (n, 100 * MB)) for n in (100, 1000, 10000, 100000, 1000000, 10000000)]),
)

PER = {"select": "a socket", "headers": "a line"}


def named(words) -> Dict[str, object]:
    """The cases and series whose name or script contains one of the words; without words, all of them."""
    chosen = {}
    for entry in CASES + SERIES:
        scripts = {entry.script} if isinstance(entry, Case) else {case.script for _, case in entry.points}
        if not words or any(word in entry.name or word in scripts for word in words):
            chosen[entry.name] = entry
    return chosen
