#!/usr/bin/env bash
# Measures jailsh against Debian's openssh-server with ChrootDirectory, its jail
# against a plain fork, bubblewrap and jailkit, and its live terminals against tmux
# over OpenSSH. Takes about eleven minutes; everything is on the loopback interface.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ "$(id -u)" != 0 ]; then
	echo "make bench: both servers start as root - run: sudo make bench" >&2
	exit 1
fi
if ! [ -x /usr/sbin/sshd ]; then
	echo "make bench: installs openssh-server, whose service Debian starts on port 22 - to stop it: systemctl disable --now ssh"
fi
scripts/packages.sh openssh-server openssh-client less 'vim|vim-tiny|nano' procps \
	bubblewrap jailkit git tmux

CGO_ENABLED=0 "${GO:-go}" build -trimpath -o bin/bench ./bench
exec bin/bench "$@"
