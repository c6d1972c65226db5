//! Presets: content management systems and shops.

use super::{Case, Person};

super::cases! {
    wordpress: Case {
        preset: "wordpress",
        files: &["wordpress/schema.sql", "wordpress/users.sql"],
        relation: "legacy.wp_users",
        welcome: &[
            Person {
                login: "admin",
                password: "hello world, my first post",
                columns: &[
                    ("email", Some("admin@blog.example")),
                    ("username", Some("admin")),
                    ("display_name", Some("Ada Min")),
                    ("created_at", Some("2005-03-01 12:00:00+00")),
                    ("website", None),
                    ("legacy_id", Some("1")),
                ],
            },
            Person {
                login: "jane.doe@blog.example",
                password: "comments are closed",
                columns: &[("email", Some("jane.doe@blog.example")), ("username", Some("jane.doe"))],
            },
            Person { login: "emile", password: "J’accuse…! œuvre complète", columns: &[("display_name", Some("Émile Zola"))] },
            Person { login: "old_timer", password: "kubrick theme for ever", columns: &[("legacy_id", Some("5"))] },
            Person { login: "plugin@blog.example", password: "wp-password-bcrypt plugin", columns: &[("username", Some("plugin_user"))] },
        ],
        refused: &[("spammer", "buy cheap watches", "rejected"), ("locked_out", "*", "invalid")],
    };
}
