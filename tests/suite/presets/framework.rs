//! Presets: web frameworks.

super::cases! {}
