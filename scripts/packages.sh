#!/usr/bin/env bash
# Installs Debian packages that are missing.
#
#   scripts/packages.sh less 'vim|vim-tiny|nano'
#
# Of a word with bars any one will do; if none is there, the first is installed.
# The package lists are only fetched when a package can't be found without.
set -euo pipefail

installed() {
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

missing=()
for word in "$@"; do
	IFS='|' read -ra choices <<<"$word"
	for name in "${choices[@]}"; do
		if installed "$name"; then
			continue 2
		fi
	done
	missing+=("${choices[0]}")
done
[ "${#missing[@]}" -gt 0 ] || exit 0

if ! command -v apt-get >/dev/null; then
	echo "packages: ${missing[*]}: this is not Debian or Ubuntu: apt-get is missing - install them by hand" >&2
	exit 1
fi
if [ "$(id -u)" != 0 ]; then
	echo "packages: ${missing[*]}: only root can install them - run: sudo apt-get install ${missing[*]}" >&2
	exit 1
fi

export DEBIAN_FRONTEND=noninteractive
install() {
	apt-get install -y -q --no-install-recommends -o DPkg::Lock::Timeout=120 "${missing[@]}" </dev/null
}
echo "packages: installing ${missing[*]}"
# A list that is too old names files that the mirror no longer has.
if ! output=$(install 2>&1); then
	if ! output=$(apt-get update -q </dev/null 2>&1 && install 2>&1); then
		printf '%s\n' "$output" >&2
		echo "packages: ${missing[*]}: apt-get can't install them - see its words above" >&2
		exit 1
	fi
fi
