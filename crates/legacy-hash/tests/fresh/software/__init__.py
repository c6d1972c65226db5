"""Which software makes hashes of which format, and by which call.

A software is a generator of ways, one a format; it raises Missing (or ImportError) where it is not installed."""


class Missing(Exception):
    """The software isn't here."""


class Way:
    """How one software makes hashes of one format.

    `one` makes a hash of a password (bytes) with what it draws from the Extras beside it: a string, or a dict with hash
    and the salt, login or pepper that are stored elsewhere. `make` does so for many, where starting the software is dear.
    `takes` says which passwords it can be given, `dear` that one each time will do, `genuine` that the formula is the
    software's own, `written` which passwords the vectors that are checked in have, if not the usual ones.
    """

    def __init__(self, format, call, one=None, make=None, takes=None, dear=False, genuine=True, written=None):
        self.format, self.call, self.dear, self.genuine, self.written = format, call, dear, genuine, written
        self.takes = takes or (lambda password: True)
        self.make = make or (lambda passwords, extras: [text(one(*pair)) for pair in zip(passwords, extras, strict=True)])


class Software:
    def __init__(self, name, generator):
        self.name, self.generator = name, generator

    def ways(self):
        ways = []
        for version, way in self.generator():
            way.software, way.origin = self.name, f"{version} {way.call}"
            ways.append(way)
        return ways


ALL = []


def software(name):
    """Makes a software of a generator of (name with version, Way)."""

    def register(generator):
        ALL.append(Software(name, generator))
        return generator

    return register


def text(hash):
    return hash.decode() if isinstance(hash, bytes) else hash


# Those that are formats; all others are recipes only, and need no vectors that are checked in.
BARE_DIGESTS = ("md5", "sha1", "sha256", "sha512")


# What most functions that take C strings, lines or arguments can be given.
def short(password):
    return len(password) <= 72


def ascii(password):
    return password.isascii()


def unpadded(password):
    return password == password.strip()


from software import commands, databases, node, php, python  # noqa: E402,F401  each registers its own
