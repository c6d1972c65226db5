//! The JSON of a credential: two documents, of which exports make one text in many ways.

use serde_json::{Deserializer, Value, json};

use crate::Error;
use crate::encoding::{b64, number};

/// What both documents say, whichever of them said it.
#[derive(Default)]
pub(super) struct Fields {
    pub(super) algorithm: Option<String>,
    iterations: Option<String>,
    value: Option<String>,
    salt: Option<String>,
    /// A salt whose bytes were given.
    salt_bytes: Option<Vec<u8>>,
    /// `id`, `i` or `d`.
    pub(super) argon2_type: Option<String>,
    pub(super) version: Option<String>,
    pub(super) memory: Option<String>,
    pub(super) parallelism: Option<String>,
}

/// Documents in documents; Keycloak's own go three deep.
const MAX_DEPTH: u32 = 8;

impl Fields {
    /// One document after the other, with anything or nothing between that begins no JSON.
    pub(super) fn parse(text: &str) -> Result<Self, Error> {
        let mut fields = Self::default();
        let mut rest = text;
        loop {
            rest = rest.trim_start_matches(|c: char| c.is_whitespace() || "|,;:$&'".contains(c));
            if rest.is_empty() {
                return Ok(fields);
            }
            let mut documents = Deserializer::from_str(rest).into_iter::<Value>();
            let Some(Ok(document)) = documents.next() else { return Err(Error::Malformed("keycloak json")) };
            fields.add(&document, 0);
            rest = rest.get(documents.byte_offset()..).unwrap_or_default();
        }
    }

    fn add(&mut self, value: &Value, depth: u32) {
        if depth > MAX_DEPTH {
            return;
        }
        match value {
            Value::Object(members) => {
                members.iter().for_each(|(name, value)| self.add_member(name, value, depth));
            }
            Value::Array(values) => values.iter().for_each(|value| self.add(value, depth + 1)),
            // A document written as text in another one.
            Value::String(text) if text.trim_start().starts_with('{') => {
                if let Ok(value) = serde_json::from_str(text) {
                    self.add(&value, depth + 1);
                }
            }
            _ => {}
        }
    }

    fn add_member(&mut self, name: &str, value: &Value, depth: u32) {
        let name: String = name.chars().filter(|&c| c != '_').map(|c| c.to_ascii_lowercase()).collect();
        let slot = match name.as_str() {
            "algorithm" => &mut self.algorithm,
            "hashiterations" => &mut self.iterations,
            "value" | "hashedsaltedvalue" => &mut self.value,
            "salt" => &mut self.salt,
            "version" => &mut self.version,
            "memory" => &mut self.memory,
            "parallelism" => &mut self.parallelism,
            // A credential has a type of its own: "password".
            "type" if value.as_str() != Some("password") => &mut self.argon2_type,
            _ => return self.add(value, depth + 1),
        };
        // Additional parameters are lists of one text each.
        let value = match value {
            Value::Array(values) => values.first().unwrap_or(&Value::Null),
            value => value,
        };
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            _ => return,
        };
        slot.get_or_insert(text);
    }

    /// What a salt column holds: the secret document, or the salt itself.
    pub(super) fn add_column(&mut self, column: &[u8]) {
        let document = str::from_utf8(column).ok().filter(|text| text.trim_start().starts_with('{'));
        match document.and_then(|text| Self::parse(text).ok()) {
            Some(secret) => {
                self.value = self.value.take().or(secret.value);
                self.salt = self.salt.take().or(secret.salt);
            }
            None => self.salt_bytes = Some(column_salt(column)),
        }
    }

    pub(super) fn iterations(&self) -> Result<u64, Error> {
        let text = self.iterations.as_deref().ok_or(Error::Malformed("keycloak iterations"))?;
        number(text, "keycloak iterations")
    }

    pub(super) fn value(&self) -> Result<Option<Vec<u8>>, Error> {
        self.value.as_deref().map(|text| b64(text, "keycloak value")).transpose()
    }

    pub(super) fn salt(&self) -> Result<Option<Vec<u8>>, Error> {
        match &self.salt {
            Some(text) => b64(text, "keycloak salt").map(Some),
            None => Ok(self.salt_bytes.clone()),
        }
    }
}

/// The 16 bytes that Keycloak's salts have, if the column holds their base64; else its own bytes.
pub(super) fn column_salt(column: &[u8]) -> Vec<u8> {
    let text = str::from_utf8(column).unwrap_or_default();
    match b64(text.trim(), "keycloak salt") {
        Ok(salt) if salt.len() == 16 => salt,
        _ => column.to_vec(),
    }
}

/// Whether the text looks like a credential of this algorithm, damaged ones included.
pub(super) fn names_algorithm(text: &str, algorithm: &str) -> bool {
    if !text.trim_start().starts_with(['{', '[']) {
        return false;
    }
    let bare: String = text.chars().filter(|c| !c.is_whitespace() && !"\\\"".contains(*c)).collect();
    if !bare.contains("hashIterations:") && !bare.contains("hash_iterations:") {
        return false;
    }
    let named = bare.split_once("algorithm:").map(|(_, rest)| rest.split([',', '}', ']']).next());
    match named.flatten() {
        Some(named) if named != "null" => named == algorithm,
        _ => algorithm == "pbkdf2",
    }
}

/// credential_data; with memory and parallelism, of argon2.
pub(super) fn credential(algorithm: &str, iterations: u32, argon2: Option<(u32, u32)>) -> String {
    let additional = match argon2 {
        None => json!({}),
        Some((memory, parallelism)) => json!({
            "hashLength": ["32"],
            "memory": [memory.to_string()],
            "type": ["id"],
            "version": ["1.3"],
            "parallelism": [parallelism.to_string()],
        }),
    };
    json!({ "hashIterations": iterations, "algorithm": algorithm, "additionalParameters": additional })
        .to_string()
}

/// A credential as Keycloak exports and imports it: both documents as texts.
pub(super) fn importable(credential: &str, value: &str, salt: &str) -> String {
    let secret = json!({ "value": value, "salt": salt, "additionalParameters": {} }).to_string();
    json!({ "type": "password", "secretData": secret, "credentialData": credential }).to_string()
}
