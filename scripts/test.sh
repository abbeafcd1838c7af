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
	less vim procps iproute2 netcat-openbsd gdb strace python3 nodejs \
	nano perl ca-certificates openssl g++ make binutils curl wget netbase bind9-dnsutils \
	bzip2 xz-utils zstd zip unzip tzdata xauth nftables \
	btrfs-progs openssh-tests putty-tools dropbear-bin python3-paramiko python3-asyncssh ansible-core lftp rclone asciinema
# xterm.js, which share/screen is compared with: what package-lock.json says, once.
command -v npm >/dev/null || scripts/packages.sh npm
xterm=share/screen/testdata/xterm
cmp -s "$xterm/package-lock.json" "$xterm/node_modules/.installed" || {
	npm ci --prefix "$xterm" --no-audit --no-fund --loglevel=error </dev/null
	cp "$xterm/package-lock.json" "$xterm/node_modules/.installed"
}
[ -d /usr/local/go ] || scripts/packages.sh golang-go # the profile go

go=${GO:-go}
filter=$(mktemp)
trap 'rm -f "$filter"' EXIT
CGO_ENABLED=0 "$go" build -trimpath -buildvcs=false -o "$filter" ./scripts/testlog

CGO_ENABLED=1 "$go" test -race -count=1 -timeout 20m -json "${@:-./...}" 2>&1 </dev/null | "$filter"
