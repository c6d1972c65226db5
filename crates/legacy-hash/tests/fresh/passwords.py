"""The passwords: random ones of a seed for each run, fixed ones for the vectors that are checked in, and wrong ones."""
import random
import string

PRINTABLE = string.ascii_letters + string.digits + string.punctuation
UNICODE = "äöüßéñçøåŁőžя密码パスワード한국어✓€🔑"
ABC = "".join(chr(33 + i % 90) for i in range(4096))
DEAR = ["password", "Grüße, 密码 🔑"]
TEXTS = [*DEAR, "p", "Pa$$w0rd with spaces ", ABC[:71], ABC[:72], ABC[:73], "a" + "ü" * 40, ""]


class Extras:
    """What is drawn beside a password, for the ways that ask for it."""

    def __init__(self, rng):
        self.rng = rng

    def salt(self, *lengths, alphabet=string.ascii_letters + string.digits):
        """A salt of one of these lengths."""
        return "".join(self.rng.choices(alphabet, k=self.rng.choice(lengths)))

    def salt_bytes(self, *lengths):
        return self.rng.randbytes(self.rng.choice(lengths))

    def login(self):
        return self.rng.choice("abcdefghij") + "".join(self.rng.choices(string.ascii_letters + string.digits, k=self.rng.randint(2, 9)))


def random_ones(way, seed, rounds):
    """One password of each kind that the way takes, each with its extras; only one where hashing is dear."""
    rng = random.Random(f"{seed} {way.origin} {way.format}")
    drawn = []
    for _ in range(rounds):
        kinds = [kind(rng) for kind in KINDS]
        kinds = [kind for kind in kinds if way.takes(kind)]
        drawn += rng.sample(kinds, 1) if way.dear else kinds
    return [(password, Extras(rng)) for password in drawn]


def fixed_ones(way):
    if way.written:
        taken = [as_bytes(password) for password in way.written]
    else:
        taken = [text.encode() for text in (DEAR if way.dear else TEXTS) if way.takes(text.encode())]
    return [(password, Extras(random.SystemRandom())) for password in taken]


def as_bytes(text):
    return text if isinstance(text, bytes) else text.encode()


def another(password_hex):
    """A wrong password: the first letter is another one, whatever the case, and in 7 bits too."""
    password = bytes.fromhex(password_hex)
    letter = b"q" if password[:1].lower() not in (b"q", b"\xf1") else b"k"
    return (letter + password[1:]).hex()


def brief(rng):
    return "".join(rng.choices(PRINTABLE, k=rng.randint(1, 8)))


def plain(rng):
    return "".join(rng.choices(PRINTABLE, k=rng.randint(5, 16)))


def with_spaces(rng):
    words = ["".join(rng.choices(PRINTABLE, k=rng.randint(1, 7))) for _ in range(rng.randint(2, 4))]
    return rng.choice(["", " "]) + " ".join(words) + rng.choice(["", " ", "  "])


def unicode(rng):
    return "".join(rng.choices(string.ascii_letters + UNICODE, k=rng.randint(3, 14)))


def about_72_bytes(rng):
    return "".join(rng.choices(PRINTABLE, k=rng.randint(70, 74)))


def long(rng):
    return "".join(rng.choices(PRINTABLE + UNICODE, k=rng.randint(100, 250)))


KINDS = [lambda rng, kind=kind: kind(rng).encode() for kind in (brief, plain, with_spaces, unicode, about_72_bytes, long)]
