//! Who the servers run as: PostgreSQL refuses root, so root drops to the `postgres` user.

use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

struct Ids {
    user: u32,
    group: u32,
}

/// Makes a command run as the servers' user.
pub(crate) fn run_as_server_user(command: &mut Command) -> &mut Command {
    if let Some(ids) = dropped_ids() {
        command.uid(ids.user).gid(ids.group);
    }
    command
}

/// Gives a file or directory to the servers' user.
pub(crate) fn give_to_server_user(path: &Path) {
    if let Some(ids) = dropped_ids() {
        std::os::unix::fs::chown(path, Some(ids.user), Some(ids.group))
            .unwrap_or_else(|error| panic!("cannot give {} to postgres: {error}", path.display()));
    }
}

/// The ids to drop to; `None` when the tests are not run by root.
fn dropped_ids() -> Option<&'static Ids> {
    static IDS: OnceLock<Option<Ids>> = OnceLock::new();
    IDS.get_or_init(|| {
        (id(&["-u"]) == 0).then(|| Ids { user: id(&["-u", "postgres"]), group: id(&["-g", "postgres"]) })
    })
    .as_ref()
}

fn id(arguments: &[&str]) -> u32 {
    let output = Command::new("id").args(arguments).output().expect("cannot run `id`");
    let text = String::from_utf8_lossy(&output.stdout);
    text.trim().parse().unwrap_or_else(|_| panic!("`id {}` answered {text:?}", arguments.join(" ")))
}
