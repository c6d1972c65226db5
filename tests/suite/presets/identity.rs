//! Presets: identity servers and services.

super::cases! {}
