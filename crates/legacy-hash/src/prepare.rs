//! What a legacy application did to a password before it hashed it: the Unicode form, its own changes, and the charset
//! of its bytes.

use crate::Error;
use crate::text::{self, Bytes};
use crate::verify::Verdict;
use zeroize::Zeroizing;

/// More ways than this to write one password cost too much: each is a hash of its own.
pub const MAX_SPELLINGS: usize = 12;

/// A form of Unicode text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum UnicodeForm {
    /// As it was typed.
    None,
    /// Canonical composition.
    Nfc,
    /// Canonical decomposition.
    Nfd,
    /// Compatibility composition.
    Nfkc,
    /// Compatibility decomposition.
    Nfkd,
    /// SASLprep (RFC 4013), or as it was typed where that prohibits the text.
    Saslprep,
}

impl UnicodeForm {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::None, Self::Nfc, Self::Nfd, Self::Nfkc, Self::Nfkd, Self::Saslprep];

    /// Its name in config.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Nfc => "nfc",
            Self::Nfd => "nfd",
            Self::Nfkc => "nfkc",
            Self::Nfkd => "nfkd",
            Self::Saslprep => "saslprep",
        }
    }

    /// The form of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|form| form.name() == name)
    }

    /// The password in this form. One that is no text is as it was.
    pub fn apply(self, password: &[u8]) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(match str::from_utf8(password) {
            Ok(text) => self.of(text).as_bytes().to_vec(),
            Err(_) => password.to_vec(),
        })
    }

    fn of(self, text: &str) -> Zeroizing<String> {
        Zeroizing::new(match self {
            Self::None => text.to_owned(),
            Self::Nfc => text::nfc(text),
            Self::Nfd => text::nfd(text),
            Self::Nfkc => text::nfkc(text),
            Self::Nfkd => text::nfkd(text),
            Self::Saslprep => text::saslprep(text),
        })
    }
}

/// How characters become bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Charset {
    /// UTF-8.
    Utf8,
    /// ISO 8859-1: one byte a character; a password that it cannot write is not tried.
    Latin1,
    /// Windows-1252 as browsers send it: `&#8364;` and the like for what it lacks.
    Cp1252,
    /// UTF-16, least significant byte first.
    Utf16Le,
    /// UTF-16, most significant byte first.
    Utf16Be,
    /// UTF-8 that was taken for ISO 8859-1 and encoded again.
    Utf8Twice,
}

impl Charset {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Utf8, Self::Latin1, Self::Cp1252, Self::Utf16Le, Self::Utf16Be, Self::Utf8Twice];

    /// Its name in config.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Utf8 => "utf-8",
            Self::Latin1 => "latin1",
            Self::Cp1252 => "cp1252",
            Self::Utf16Le => "utf-16le",
            Self::Utf16Be => "utf-16be",
            Self::Utf8Twice => "utf-8-twice",
        }
    }

    /// The charset of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|charset| charset.name() == name)
    }

    fn encode(self, text: &str) -> Option<Bytes> {
        match self {
            Self::Utf8 => Some(Zeroizing::new(text.as_bytes().to_vec())),
            Self::Latin1 => text::latin1(text),
            Self::Cp1252 => Some(text::cp1252(text)),
            Self::Utf16Le => Some(text::utf16le(text)),
            Self::Utf16Be => Some(text::utf16be(text)),
            Self::Utf8Twice => Some(text::utf8_twice(text)),
        }
    }
}

/// What an application changed in the text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Transform {
    /// PHP's `trim`: no blanks, line ends or NULs at the ends.
    Trim,
    /// PHP's `htmlspecialchars` with both kinds of quotes.
    Html,
    /// PHP's `htmlspecialchars` before PHP 8.1: single quotes stay.
    HtmlCompat,
    /// PHP's `addslashes`, or its magic quotes.
    Addslashes,
    /// Lower case of all of Unicode.
    Lower,
    /// Upper case of all of Unicode.
    Upper,
    /// The first bytes only, counted in the charset.
    Truncate(usize),
}

impl Transform {
    /// Those that take no number.
    pub const PLAIN: [Self; 6] =
        [Self::Trim, Self::Html, Self::HtmlCompat, Self::Addslashes, Self::Lower, Self::Upper];

    /// Its name in config; a truncation's goes on with its number: `truncate:72`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Trim => "trim",
            Self::Html => "html",
            Self::HtmlCompat => "html_compat",
            Self::Addslashes => "addslashes",
            Self::Lower => "lower",
            Self::Upper => "upper",
            Self::Truncate(_) => "truncate",
        }
    }

    /// The transform of that name.
    pub fn parse(name: &str) -> Option<Self> {
        match name.strip_prefix("truncate:") {
            Some(len) => len.parse().ok().filter(|len| *len > 0).map(Self::Truncate),
            None => Self::PLAIN.into_iter().find(|transform| transform.name() == name),
        }
    }

    fn of(self, text: &str) -> Zeroizing<String> {
        Zeroizing::new(match self {
            Self::Trim => text::trim(text).to_owned(),
            Self::Html => text::html(text),
            Self::HtmlCompat => text::html_compat(text),
            Self::Addslashes => text::addslashes(text),
            Self::Lower => text.to_lowercase(),
            Self::Upper => text.to_uppercase(),
            Self::Truncate(_) => text.to_owned(),
        })
    }
}

/// What a legacy application did to passwords. The default is nothing: UTF-8 as it was typed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Preparation {
    forms: Vec<UnicodeForm>,
    transforms: Vec<Transform>,
    charsets: Vec<Charset>,
}

impl Default for Preparation {
    fn default() -> Self {
        Self { forms: vec![UnicodeForm::None], transforms: Vec::new(), charsets: vec![Charset::Utf8] }
    }
}

impl Preparation {
    /// Reads the names of config: forms and charsets are tried in their order, transforms are made one after the other.
    ///
    /// # Errors
    ///
    /// [`Error::BadPreparation`] for unknown names, empty lists, and more than [`MAX_SPELLINGS`] ways.
    pub fn parse<S: AsRef<str>>(forms: &[S], transforms: &[S], charsets: &[S]) -> Result<Self, Error> {
        let forms = all(forms, UnicodeForm::parse, "no Unicode form has this name")?;
        let transforms = all(transforms, Transform::parse, "no transform has this name")?;
        let charsets = all(charsets, Charset::parse, "no charset has this name")?;
        if forms.is_empty() || charsets.is_empty() {
            return Err(Error::BadPreparation("at least one Unicode form and one charset are needed"));
        }
        if forms.len() * charsets.len() > MAX_SPELLINGS {
            return Err(Error::BadPreparation("more than 12 ways to write one password"));
        }
        Ok(Self { forms, transforms, charsets })
    }

    /// The bytes that may have been hashed, each once, in the order in which they are to be tried. A password that is no
    /// UTF-8 is its own bytes, cut where the preparation says so.
    pub fn spellings(&self, password: &[u8]) -> Vec<Zeroizing<Vec<u8>>> {
        let mut found: Vec<Bytes> = Vec::new();
        let mut add = |mut bytes: Bytes| {
            bytes.truncate(self.len());
            if !found.contains(&bytes) {
                found.push(bytes);
            }
        };
        match str::from_utf8(password) {
            Err(_) => add(Zeroizing::new(password.to_vec())),
            Ok(text) => {
                for form in &self.forms {
                    let changed = self.transforms.iter().fold(form.of(text), |text, change| change.of(&text));
                    self.charsets.iter().filter_map(|charset| charset.encode(&changed)).for_each(&mut add);
                }
            }
        }
        found
    }

    /// Whether any spelling of the password is right by `check`, the first that is not wrong deciding. At least one is
    /// checked: a password that no charset can write is wrong, but takes as long as another.
    ///
    /// # Errors
    ///
    /// Those of `check`.
    pub fn verify<E>(
        &self,
        password: &[u8],
        mut check: impl FnMut(&[u8]) -> Result<Verdict, E>,
    ) -> Result<Verdict, E> {
        let spellings = self.spellings(password);
        for spelling in &spellings {
            match check(spelling)? {
                Verdict::Wrong => {}
                decided => return Ok(decided),
            }
        }
        if spellings.is_empty() {
            return Ok(match check(password)? {
                Verdict::Right => Verdict::Wrong,
                verdict => verdict,
            });
        }
        Ok(Verdict::Wrong)
    }

    /// Where the bytes are cut.
    fn len(&self) -> usize {
        let cuts = self.transforms.iter().filter_map(|transform| match transform {
            Transform::Truncate(len) => Some(*len),
            _ => None,
        });
        cuts.min().unwrap_or(usize::MAX)
    }
}

fn all<T, S: AsRef<str>>(
    names: &[S],
    parse: impl Fn(&str) -> Option<T>,
    unknown: &'static str,
) -> Result<Vec<T>, Error> {
    names.iter().map(|name| parse(name.as_ref()).ok_or(Error::BadPreparation(unknown))).collect()
}
