//! Presets: boards and wikis.

super::cases! {}
