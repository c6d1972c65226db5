//! Peppers: the application secrets that some legacy hashes take. They come from a file of the server, so that no
//! table, dump, view or log holds them.

use crate::error::{Kind, Refusal};
use crate::guc;
use crate::spi::session;
use legacy_hash::ByteEncoding;
use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// A file of peppers is a few lines.
const MAX_FILE_BYTES: u64 = 64 << 10;

/// The bytes of a pepper.
pub(crate) type Pepper = Zeroizing<Vec<u8>>;

/// The pepper of that name. The file is read each time: only first logins need it, and a change counts at once.
pub(crate) fn named(name: &str) -> Result<Pepper, Refusal> {
    let path = path()?;
    let text = read(&path)?;
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (found, value) = line.split_once('=').ok_or_else(|| malformed(&path, number))?;
        if found.trim() == name {
            return decode(value.trim()).ok_or_else(|| malformed(&path, number));
        }
    }
    Err(Refusal::new(Kind::Object, format!("there is no pepper \"{name}\" in file \"{}\"", path.display()))
        .hint(format!("Add a line such as {name} = text:secret.")))
}

fn path() -> Result<PathBuf, Refusal> {
    let setting = guc::pepper_file();
    if setting.is_empty() {
        return Err(Refusal::new(Kind::State, "ferry.pepper_file is not set").hint(
            "Write the pepper to a file that only the server's own user may read, and name it in ferry.pepper_file.",
        ));
    }
    Ok(Path::new(&session::data_directory()).join(setting))
}

fn read(path: &Path) -> Result<Zeroizing<String>, Refusal> {
    let failed = |error: std::io::Error| {
        Refusal::new(Kind::State, format!("could not read file \"{}\" of peppers", path.display()))
            .detail(error.to_string())
            .hint("It must be a text file in UTF-8 that the server's own user may read.")
    };
    let mut file = File::open(path).map_err(failed)?;
    let about = file.metadata().map_err(failed)?;
    check_private(path, about.permissions().mode(), about.uid())?;
    if !about.is_file() || about.len() > MAX_FILE_BYTES {
        return Err(Refusal::new(Kind::State, format!("\"{}\" is not a file of peppers", path.display()))
            .hint("It is a text file of lines such as shop = text:secret."));
    }
    let mut text = Zeroizing::new(String::with_capacity(about.len() as usize));
    file.read_to_string(&mut text).map_err(failed)?;
    Ok(text)
}

/// What PostgreSQL asks of its own key files: nobody else may read it, save a group where root owns it.
fn check_private(path: &Path, mode: u32, owner: u32) -> Result<(), Refusal> {
    let forbidden = if owner == 0 { 0o027 } else { 0o077 };
    if mode & forbidden == 0 {
        return Ok(());
    }
    Err(Refusal::new(Kind::State, format!("file \"{}\" of peppers may be read by others", path.display()))
        .hint("Run chmod 600 on it (or 640 where root owns it)."))
}

/// `text:…`, `hex:…` or another encoding's name.
fn decode(value: &str) -> Option<Pepper> {
    let (encoding, text) = value.split_once(':')?;
    let bytes = ByteEncoding::parse(encoding)?.decode(text, "pepper").ok()?;
    Some(Zeroizing::new(bytes))
}

fn malformed(path: &Path, line: usize) -> Refusal {
    let encodings: Vec<&str> = ByteEncoding::ALL.iter().map(|encoding| encoding.name()).collect();
    Refusal::new(Kind::State, format!("line {line} of file \"{}\" of peppers is malformed", path.display()))
        .hint(format!("A line is name = encoding:value; encodings are {}.", encodings.join(", ")))
}
