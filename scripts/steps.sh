# Sourced by the scripts: steps that say what they do, failures that say what to do.
set -Eeuo pipefail
umask 022
cd "$(dirname "${BASH_SOURCE[0]}")/.."
STEP="Looking at the checkout"
HINT="The checkout must belong to you: sudo chown -R \$USER '$PWD'"

step() { # step WHAT HINT
  STEP=$1 HINT=$2
  printf '== %s\n' "$STEP"
}

failed() {
  printf '\nFailed: %s\nWhat to do: %s\n' "$STEP" "$HINT" >&2
}
trap failed ERR
