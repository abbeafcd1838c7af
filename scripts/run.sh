#!/usr/bin/env bash
# Makes an instance in run/, starts it, and prints the command that logs in.
# Ctrl-C ends it. What run/ holds is kept and used again; rm -r run starts over.
set -euo pipefail
cd "$(dirname "$0")/.."

user=alice
config=run/jailsh.toml
key=run/id_ed25519

if [ "$(id -u)" != 0 ]; then
	echo "make run: a jail is built by root, who alone may mount and become the user - run: sudo make run" >&2
	exit 1
fi

# What the profile basic copies from this host, and the client to log in with.
scripts/packages.sh less 'vim|vim-tiny|nano' procps tmux openssh-client

bin/jailsh init run | sed '/^$/,$d' # without its advice on what to do next
# A module of its own: else ./... takes in what users keep in their homes, and
# make test would run their Go as root.
if [ ! -e run/go.mod ]; then
	echo 'module run' >run/go.mod
fi
if [ ! -e "$key" ]; then
	ssh-keygen -q -t ed25519 -N '' -C "$user of make run" -f "$key"
fi
# The login is typed without sudo: its key belongs to who called sudo.
if [ -n "${SUDO_UID-}" ]; then
	chown "$SUDO_UID:$SUDO_GID" "$key" "$key.pub"
fi
if ! bin/jailsh --config "$config" user list 2>/dev/null | awk 'NR > 1 { print $1 }' | grep -qx "$user"; then
	bin/jailsh --config "$config" user add "$user" --key "$key.pub"
fi
bin/jailsh --config "$config" check

# welcome ADDRESS prints how to log in at host:port, which the daemon listens on.
welcome() {
	local host=${1%:*} port=${1##*:}
	host=${host#[} host=${host%]}
	case $host in
	'' | 0.0.0.0 | ::) host=127.0.0.1 ;;
	esac
	printf '[%s]:%s %s\n' "$host" "$port" "$(ssh-keygen -y -f run/host_ed25519_key)" >run/known_hosts
	chmod 644 run/known_hosts
	printf '\nLog in, in another terminal, in this folder:\n\n'
	printf '    ssh -p %s -i %s -o UserKnownHostsFile=run/known_hosts %s@%s\n\n' "$port" "$key" "$user" "$host"
	printf 'Ctrl-C ends the server, and with it all sessions.\n\n'
}

exec 3< <(exec bin/jailshd --config "$config" 2>&1)
daemon=$!
trap 'kill "$daemon" 2>/dev/null || :' INT TERM HUP
welcomed=
while IFS= read -r line <&3; do
	printf '%s\n' "$line"
	if [ -z "$welcomed" ] && [[ $line == *' msg=listening addr='* ]]; then
		welcomed=yes
		address=${line##*addr=}
		welcome "${address//\"/}"
	fi
done
wait "$daemon"
