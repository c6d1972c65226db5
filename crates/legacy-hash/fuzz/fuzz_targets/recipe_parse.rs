//! Any text is read as a recipe or refused; what is printed reads as the same.
#![no_main]

use legacy_hash::{Method, Recipe};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(method) = Method::parse(text) {
        let again = Method::parse(&method.to_string()).expect("what is printed can be read");
        assert_eq!(again.to_string(), method.to_string());
        assert_eq!(again.needs(), method.needs());
    }
    if let Ok(recipe) = Recipe::parse(text) {
        let again = Recipe::parse(&recipe.to_string()).expect("what is printed can be read");
        assert_eq!(again.to_string(), recipe.to_string());
        assert_eq!(again.needs(), recipe.needs());
    }
});
