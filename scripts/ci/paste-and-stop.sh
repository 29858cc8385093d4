#!/usr/bin/env bash
# Does in a checkout what the README and the greeting say: `npm start`, the curl line, Ctrl-C. Fails with all that was
# printed when the photo does not become ready, or anything is left running.
set -uo pipefail
# Each job in a process group of its own, as in a terminal: Ctrl-C goes to the group, and npm sends it on once more.
set -m

printed=$(mktemp)
give_up() {
  cat "$printed"
  echo "$1"
  kill -KILL -- "-$npm" 2>/dev/null
  exit 1
}

npm start >"$printed" 2>&1 &
npm=$!
until grep -q 'Ctrl-C stops it' "$printed"; do
  kill -0 "$npm" 2>/dev/null || give_up 'npm start ended.'
  sleep 0.5
done

photo=$(bash -c "$(grep -o 'curl -H .*' "$printed")" 2>/dev/null)
[[ $photo == *'"status":"ready"'* ]] || give_up "The photo is not ready: $photo"

kill -INT -- "-$npm"
wait "$npm" || give_up "npm start ended with $?."
# Brackets, so that grep does not find itself.
left=$(cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\0' ' ' | grep -oE 'src/cli[.]ts (start|serve)|workers/main[.]ts|bin/[p]ostgres')
[ -z "$left" ] || give_up "Still running: $left"
