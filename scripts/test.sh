#!/usr/bin/env bash
# Runs all tests under the race detector, integration included. A skipped test
# is a failure: what is not tested here is tested nowhere.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ "$(id -u)" != 0 ]; then
	echo "make test: the tests build real jails, which root alone can - run: sudo make test" >&2
	exit 1
fi

# gcc and libc6-dev: the race detector needs cgo. The rest is driven by the
# tests or copied into a jail by them.
scripts/packages.sh gcc libc6-dev openssh-client tmux rsync git ssh-audit \
	less 'vim|vim-tiny|nano' procps iproute2 netcat-openbsd

log=$(mktemp)
trap 'rm -f "$log"' EXIT

# -v, since only then a skipped test says so. Of its words those on tests that
# passed are left out.
status=0
CGO_ENABLED=1 "${GO:-go}" test -race -count=1 -timeout 20m -v "${@:-./...}" 2>&1 </dev/null |
	tee "$log" |
	grep -Ev '^ *(=== (RUN|PAUSE|CONT|NAME)|--- PASS:)|^PASS$' || status=$?
if skipped=$(grep -E '^ *--- SKIP:' "$log"); then
	printf '\nmake test: skipped tests count as failures - remove the reason or the test:\n%s\n' "$skipped" >&2
	status=1
fi
exit "$status"
