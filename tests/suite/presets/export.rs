//! Presets: files that services export.

super::cases! {}
