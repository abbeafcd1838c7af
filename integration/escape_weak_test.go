package integration

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/creack/pty"
)

// weakness is a jail that somebody has weakened on purpose, by its host name (see
// jail/build/weak_fault.go), and what then gets through.
type weakness struct {
	leftOut string // steps and mistakes, divided by dots; "" is a jail as it should be
	before  string // shell, before the probe
	after   string // further arguments of the probe
	opens   []string
	perhaps []string // if the kernel has what is attacked; else absent, or held by what is left
}

// weaknesses has for each attack a set of protections without which it works.
// Where that is more than one, each of them is enough: "identity" is the user's
// ids, capabilities and no_new_privs.
func weaknesses() []weakness {
	const asInit = "sleep 9000 </dev/null >/dev/null 2>&1 & init=$!; "
	return []weakness{
		{
			leftOut: "seccomp",
			opens: []string{
				"handle-of-root", "user-namespace-clone", "user-namespace-unshare", "clone3", "setns",
				"namespace-mount", "namespace-pid", "namespace-network", "namespace-ipc", "namespace-uts", "namespace-cgroup",
				"mount-new", "mount-remount", "mount-setattr", "mount-api", "umount", "root-calls",
				"tioclinux", "tioclinux-upper-bits", "line-discipline", "other-families",
				"netlink-generic", "netlink-uevent", "netlink-diag", "netlink-others",
				"personality", "userfaultfd", "keyrings", "keyring-of-others", "quota", "clock", "memory-policy",
				"memory-of-others", "descriptors-of-others", "project-quota", "core-limit",
			},
			perhaps: []string{
				"handle-of-process", "namespace-time", "io-uring", // by sysctls, too
				"foreign-architecture", "foreign-namespace", "foreign-x32", "tiocsti", "tiocsti-upper-bits",
				"vsock", "alg-socket", "bluetooth-socket", "can-socket", "tipc-socket", "rds-socket", "rare-protocols", "netlink-netfilter",
				"netlink-audit", "netlink-xfrm", "netlink-connector", "file-marks", "page-cache", "mount-table-calls", "ports", "ancient-calls",
			},
		},
		{leftOut: "seccomp.landlock", opens: []string{"chroot-user-namespace", "mount-user-namespace"}}, // which want uid_map written
		{
			leftOut: "seccomp.landlock.identity.skel",
			opens: []string{
				"pivot-root", "mount-bind", "become-root", "capabilities", "no-new-privs", "file-capabilities", "chown",
				"credentials-by-socket", "mknod", "steal-terminal", "tioccons", "raw-socket", "packet-socket", "netlink-route", "loopback-down",
				"host-log", "host-name", "bpf", "perf", "reboot", "swap", "accounting", "hangup", "raise-priority",
			},
			perhaps: []string{"mounts-of-others", "mounts-beside", "xdp-socket", "key-socket", "kexec", "kernel-modules", "raise-limits", "limits-of-init", "oom-score"},
		},
		{leftOut: "seccomp.landlock.identity.skel.chroot", opens: []string{"chroot-open-dir"}},
		{
			leftOut: "seccomp.landlock.identity.skel.mask",
			opens:   []string{"core-pattern", "modprobe-path", "kernel-settings", "kernel-timers", "kernel-log"},
			perhaps: []string{"sysrq", "kernel-memory", "kernel-scheduler"},
		},
		{leftOut: "seccomp.landlock.identity.skel.mask.binfmt", perhaps: []string{"binfmt-misc"}},
		{leftOut: "seccomp.landlock.identity.skel.writable", opens: []string{"null-replaced", "read-only-by-descriptor"}},
		{leftOut: "mask", opens: []string{"masks", "proc-entries", "kernel-symbols", "kernel-keys", "kernel-command-line"}},
		{leftOut: "mistaken-mask", opens: []string{"masks"}},
		{leftOut: "suid.nodev", opens: []string{"mount-flags", "device-left"}},
		{leftOut: "privs.seccomp.landlock.suid", opens: []string{"setuid-program", "no-new-privs", "capabilities"}},
		{leftOut: "writable.landlock", opens: []string{"read-only", "procfs-redirect"}},
		{leftOut: "submounts.landlock", opens: []string{"read-only"}},
		{leftOut: "shared", opens: []string{"propagation"}},
		{leftOut: "leak.descriptors", opens: []string{"inherited-descriptors", "dot-dot", "folder-by-descriptor"}},
		{leftOut: "leak.descriptors", before: "cd /proc/self/fd/200; ", opens: []string{"working-folder"}},
		{leftOut: "leak.descriptors", before: "exec 0</proc/self/fd/200/etc/passwd; ", opens: []string{"standard-descriptors"}},
		{leftOut: "limits", opens: []string{"core-limit"}},
		{leftOut: "hostname", opens: []string{"node-name"}},
		{leftOut: "host-uts.hostname", opens: []string{"own-namespaces", "node-name"}},
		{leftOut: "host-net.landlock", opens: []string{"own-namespaces", "proc-net", "host-abstract", "host-loopback", "host-addresses"}},
		{leftOut: "host-ipc", opens: []string{"own-namespaces", "sysv-shared-memory", "sysv-semaphores", "sysv-messages"}, perhaps: []string{"posix-queues"}},
		{leftOut: "host-cgroup", opens: []string{"own-namespaces"}, perhaps: []string{"cgroup-path"}},
		{leftOut: "host-sys", opens: []string{"sys"}, perhaps: []string{"release-agent", "cgroup-path"}},
		{leftOut: "host-sys.seccomp.landlock.identity.skel", perhaps: []string{"uevent-helper"}},
		{leftOut: "host-proc.mask.landlock", opens: []string{"processes-of-others", "root-of-others"}},
		{leftOut: "host-dev.devpts.shm", opens: []string{"dev-contents", "console", "shared-memory-device"}},
		{leftOut: "host-pts", opens: []string{"terminals-of-others"}},
		{leftOut: "host-shm.landlock", opens: []string{"posix-shared-memory", "shared-memory-device"}},
		{leftOut: "host-tmp.landlock", opens: []string{"files-of-others", "host-path-socket"}},
		{leftOut: "pts-max", opens: []string{"many-terminals"}},
		{leftOut: "tmp-size", opens: []string{"unbounded-memory-files"}},
		{leftOut: "host-usr", opens: []string{"setuid-files"}},
		{leftOut: "host-etc", opens: []string{"users-of-host"}},
		{leftOut: "host-run", opens: []string{"tmp-of-host"}},
		// A process of the user's own that isn't guarded, in the place of PID 1.
		{before: asInit, after: "--init $init", opens: []string{
			"root-of-init", "program-overwrite", "namespace-of-init", "trace-init", "memory-of-init", "proc-of-init", "signal-init",
		}},
		{leftOut: "seccomp", before: asInit, after: "--init $init", opens: []string{"descriptors-of-init"}},
		{before: asInit, after: "--victim launcher=sleep", opens: []string{"program-race"}},
		{before: "export LISTEN_FDS=1; ", opens: []string{"environment"}},
		{before: "trap '' HUP; ", opens: []string{"signal-dispositions"}},
	}
}

// Each attack works where what should stop it isn't there: so none is a test that
// can't fail.
func TestEachAttackCanSucceed(t *testing.T) {
	t.Parallel()
	i := newInstance(t)
	i.bin = filepath.Join(place(), "faulty")
	i.head = withProbe(fmt.Sprintf("{ source = %q, target = \"/bait\" }", i.baitTree()))
	sets := weaknesses()
	for n, w := range sets {
		p := i.add(fmt.Sprint("weak", n), 40000+i.netUID%100*100+n)
		if w.leftOut != "" {
			p.table = fmt.Sprintf("hostname = \"weak-%s\"", w.leftOut)
		}
	}
	i.start()
	i.bait()
	i.foreignTerminal()
	giveAddress(t)
	shown := map[string]bool{}
	for n, w := range sets {
		name := fmt.Sprint("weak", n)
		i.sh(name, "true") // makes her home
		host := i.onHost(name)
		own := i.baitHome(name).and("network", "private").and("read-only", "/bait")
		words := slices.Concat([]string{"/probe"}, host, own, []string{w.after}, w.opens, w.perhaps)
		o := i.ssh(name, "--", w.before+strings.Join(words, " "))
		found := readFindings(t, o)
		for _, attack := range slices.Concat(w.opens, w.perhaps) {
			shown[attack] = true
			if f := found[attack]; f.verdict != isBroken && !slices.Contains(w.perhaps, attack) {
				t.Errorf("without %s: %s: %s", w.leftOut, attack, f)
			}
		}
	}
	for attack, f := range i.unjailed(t) {
		shown[attack] = true
		if f.verdict != isBroken {
			t.Errorf("without a jail: %s: %s", attack, f)
		}
	}
	model, err := os.ReadFile("../docs/threat-model.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, attack := range attacks(t) {
		if !strings.Contains(string(model), "`"+attack+"`") {
			t.Errorf("%s: docs/threat-model.md doesn't say what stops it", attack)
		}
		if !shown[attack] {
			t.Errorf("%s: nobody has seen it succeed - add it to a set of weaknesses that opens it", attack)
		}
	}
}

// unjailed makes attacks from where no jail is: as another process of the same
// user, outside.
func (i *instance) unjailed(t *testing.T) findings {
	t.Helper()
	uid := uint32(i.person("alice").uid)
	host := i.onHost("alice").and("path", i.baitTree())
	args := []string{"signal-others", "trace-others", "mount-paths", "host-files", "users-of-host"}
	for _, word := range host {
		args = append(args, strings.Trim(word, "'")) // they are quoted for a shell
	}
	c := command(t, program("jailsh-probe"), args...)
	c.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid}}
	found := readFindings(t, runCommand(t, nil, c))
	// As root, who may: only that a second name can be made, of a file that is in
	// the same mount.
	c = command(t, program("jailsh-probe"), "hard-link")
	c.Env = append(c.Env, "TMPDIR=/")
	for name, f := range readFindings(t, runCommand(t, nil, c)) {
		found[name] = f
	}
	return found
}

// foreignTerminal opens one that a jail with the host's /dev/pts would show.
func (i *instance) foreignTerminal() {
	i.t.Helper()
	master, slave, err := pty.Open()
	if err != nil {
		i.t.Fatal(err)
	}
	i.t.Cleanup(func() {
		master.Close()
		slave.Close()
	})
}
