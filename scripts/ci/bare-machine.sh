#!/usr/bin/env bash
# Plays the README's commands on a Debian that has Node, npm, git and curl, and nothing else.
#
#   bare-machine.sh REPORT [SUITE]     each play is a test in REPORT, which is for count-tests.js; SUITE is trixie
#
# As root, as it mounts and changes its root; wants debootstrap and util-linux. The mirror is apt's of this machine, the
# registry that of its npm, or of npm_config_registry.
set -uo pipefail
cd "$(dirname "$0")/../.."

report=$1 suite=${2:-trixie}
machine=$(mktemp -d /tmp/bare-machine.XXXXXX)
chmod 755 "$machine"
trap 'rm -rf --one-file-system "$machine"' EXIT
certificates=/etc/ssl/certs/ca-certificates.crt
passed=0 failed=0

make_machine() {
  local mirror
  mirror=$(apt-get indextargets --format '$(ORIGIN) $(REPO_URI)' 'Created-By: Packages' |
    awk '$1 == "Debian" && $2 !~ /security/ { print $2; exit }')
  debootstrap --variant=minbase "$suite" "$machine" "${mirror:-http://deb.debian.org/debian}" &&
    cp /etc/resolv.conf "$machine/etc/" &&
    DEBIAN_FRONTEND=noninteractive inside root apt-get install -y --no-install-recommends nodejs npm git curl &&
    install -D -m 644 "$certificates" "$machine$certificates" &&
    inside root useradd --create-home --shell /bin/bash app
}

# Runs a command as a user, in a home and an environment of its own, with the /dev that a container has. Mounts and
# processes that are left end with it.
inside() {
  local user=$1 home
  shift
  home=$([ "$user" = root ] && echo /root || echo "/home/$user")
  unshare --mount --pid --fork --kill-child -- bash -euc '
    mount -t proc proc "$0/proc"
    mount -t tmpfs -o mode=755 tmpfs "$0/dev"
    mkdir "$0/dev/shm" "$0/dev/pts"
    mount -t tmpfs -o size=64m,mode=1777 tmpfs "$0/dev/shm"
    for device in null zero full random urandom tty; do cp -a "/dev/$device" "$0/dev/"; done
    ln -s /proc/self/fd "$0/dev/fd"
    exec chroot "$0" setpriv --reuid="$1" --regid="$1" --init-groups env -i "${@:2}"
  ' "$machine" "$user" HOME="$home" USER="$user" PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    PORT=$((20000 + RANDOM % 10000)) NODE_EXTRA_CA_CERTS="$certificates" npm_config_cafile="$certificates" \
    npm_config_registry="${npm_config_registry:-$(npm config get registry)}" "$@"
}

play() {
  local title=$1
  shift
  if "$@"; then
    echo "ok: on a bare machine, $title"
    passed=$((passed + 1))
  else
    echo "FAILED: on a bare machine, $title"
    failed=$((failed + 1))
  fi
}

# What a clone has, whoever owns this one.
clone_for() {
  local home=$1 user=$2
  mkdir "$machine$home/darkroom" &&
    git -c safe.directory='*' archive HEAD | tar -x -C "$machine$home/darkroom" &&
    cp scripts/ci/paste-and-stop.sh "$machine/usr/local/bin/" &&
    inside root chown -R "$user:" "$home/darkroom"
}

start() {
  local user=$1 home=$2
  clone_for "$home" "$user" && inside "$user" "${@:3}" bash -c 'cd ~/darkroom && paste-and-stop.sh'
}

# Every second file, which ones goes by the commit: all of them have run on the machine that this one is on.
# What it skips is counted by the servers that it wants and npm does not have.
run_tests() {
  local part
  part=$((0x$(git -c safe.directory='*' rev-parse --short=4 HEAD) % 2 + 1))/2
  inside app PART="$part" bash -c '
    cd ~/darkroom
    npm test -- --shard="$PART" --reporter=default --reporter=json --outputFile.json="$HOME/report.json" >"$HOME/test.log" 2>&1 ||
      { tail -400 "$HOME/test.log"; exit 1; }
    grep -E "^ +Tests " "$HOME/test.log"
    node --eval "
      const { testResults } = JSON.parse(fs.readFileSync(process.env.HOME + \"/report.json\"))
      const skipped = testResults
        .flatMap(({ assertionResults }) => assertionResults)
        .filter(({ status }) => status === \"pending\" || status === \"skipped\")
      const needs = skipped.map(({ fullName }) => /[(]needs [^:)]*/.exec(fullName)?.[0] ?? fullName)
      for (const need of new Set(needs))
        console.log(\"  skipped:\", needs.filter((other) => other === need).length, need)
    "'
}

if make_machine >"$machine.log" 2>&1; then
  play 'npm start makes a photo, as an ordinary user, with NODE_ENV=production' start app /home/app NODE_ENV=production
  play 'npm start makes a photo, as root' start root /root
  play 'npm test passes for half of the files, as an ordinary user' run_tests
else
  tail -20 "$machine.log"
  failed=1
fi
rm -f "$machine.log"
echo "{ \"numPassedTests\": $passed, \"numFailedTests\": $failed, \"numPendingTests\": 0, \"success\": $([ $failed = 0 ] && echo true || echo false) }" >"$report"
[ $failed = 0 ]
