#!/usr/bin/env bash
# Runs each fuzz target for FUZZTIME, one after the other. A crasher is written
# to the package's testdata/fuzz: commit it with the fix.
set -euo pipefail
cd "$(dirname "$0")/.."

go=${GO:-go}
# go test -list names a package's targets, and only its JSON the package too.
if ! list=$("$go" test -list '^Fuzz' -json ./...); then
	printf '%s\n' "$list" >&2
	exit 1
fi
targets=$(sed -n 's/.*"Package":"\([^"]*\)","Output":"\(Fuzz[A-Za-z0-9_]*\)\\n".*/\1 \2/p' <<<"$list")
while read -r package target; do
	printf '%s %s\n' "$package" "$target"
	"$go" test "$package" -run '^$' -fuzz "^$target\$" -fuzztime "${FUZZTIME:-20s}" </dev/null
done <<<"$targets"
