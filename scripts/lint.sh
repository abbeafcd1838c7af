#!/usr/bin/env bash
# Format, vet, staticcheck and golangci-lint, in the versions that tools/go.mod
# pins. Each runs even when one before it found something.
set -uo pipefail
cd "$(dirname "$0")/.."

go=${GO:-go}
# Nothing here needs a C compiler, and a machine may have none.
export CGO_ENABLED=0
status=0

# run/ is an instance: its homes may hold anybody's Go.
sources() {
	find . -path ./run -prune -o -name '*.go' -print0
}

tool() {
	"$go" tool -modfile=tools/go.mod "$@"
}

if ! unformatted=$(sources | xargs -0 "$go" tool -modfile=tools/go.mod gofumpt -l); then
	status=1
fi
if [ -n "$unformatted" ]; then
	printf 'gofumpt: not formatted - run: make fmt\n%s\n' "$unformatted"
	status=1
fi
for tags in '' faultinject; do
	"$go" vet -tags="$tags" ./... || status=1
	tool staticcheck -tags="$tags" ./... || status=1
done
tool golangci-lint run ./... || status=1
for script in scripts/*.sh .ci/run; do
	bash -n "$script" || status=1
done
exit "$status"
