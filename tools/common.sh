# Sourced by the scripts beside it: where things are, and how to speak.
set -euo pipefail
umask 022 # the servers, which may run as another user, read what is installed here

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
WORK=$ROOT/.work
cd "$ROOT"

export PGRX_HOME=$WORK/pgrx
export PATH=$WORK/cargo/bin:$PATH

say() { printf '\033[1m==> %s\033[0m\n' "$*" >&2; }

die() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

# The majors of pgrx.toml, one a line.
majors() { sed -nE 's/^pg([0-9]+) *=.*/\1/p' pgrx.toml; }

# The absolute pg_config of one major.
pg_config_of() {
    local path
    path=$(sed -nE "s/^pg$1 *= *\"(.*)\"/\1/p" pgrx.toml)
    [ -n "$path" ] || die "pgrx.toml names no pg$1"
    case $path in
        /*) echo "$path" ;;
        *) echo "$ROOT/$path" ;;
    esac
}
