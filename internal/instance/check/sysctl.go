package check

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/jailsh/jailsh/internal/landlock"
)

// sysctl is a setting of the kernel's that is a second wall: what it forbids, a
// jail forbids too.
type sysctl struct {
	name string
	want int  // at least
	not  bool // exactly 0 instead
	why  string
}

// sysctls are described in sysctl/kernel.rst and sysctl/fs.rst of the kernel, and
// in proc_sys(5). One that a kernel doesn't have has nothing to forbid there.
var sysctls = [...]sysctl{
	{"kernel.dmesg_restrict", 1, false, "everybody may read the kernel's log, with addresses and devices; in a jail only the filter of system calls is before it"},
	{"kernel.kptr_restrict", 1, false, "addresses of the kernel can be read, with which an exploit begins; in a jail only the masks of /proc are before them"},
	{"kernel.yama.ptrace_scope", 1, false, "each program of a user may read and change all her others: the keys of an agent, what is typed into a shell"},
	{"kernel.unprivileged_bpf_disabled", 1, false, "everybody may load programs into the kernel; in a jail only the filter of system calls is before that"},
	{"dev.tty.legacy_tiocsti", 0, true, "a program may type into its terminal for whoever reads it next; in a jail only the filter of system calls is before that"},
	{"fs.protected_hardlinks", 1, false, "a user may link to files that aren't hers, and so keep them, with their old holes, or trip up a program of root's"},
	{"fs.protected_symlinks", 1, false, "a link that one user puts into a folder for all is followed by another's program"},
	{"fs.protected_fifos", 1, false, "a FIFO that one user puts into a folder for all is written to by another's program"},
	{"fs.protected_regular", 1, false, "a file that one user puts into a folder for all is written to by another's program"},
}

// advice is what of the host's settings could be better.
func (k kernel) advice(r *Report) {
	for _, s := range sysctls {
		text, ok := k.sysctl(s.name)
		n, err := strconv.Atoi(text)
		if !ok || err != nil || s.not && n == 0 || !s.not && n >= s.want {
			continue
		}
		r.advise(s.name, fmt.Sprintf("is %d: %s", n, s.why), setting(s.name, s.want))
	}
	if gaps := landlock.Gaps(k.landlock()); len(gaps) > 0 {
		var lacking []string
		for _, g := range gaps {
			lacking = append(lacking, g.What)
		}
		r.advise("kernel", "has no Landlock, or an old one, which lacks: "+strings.Join(lacking, "; "),
			fmt.Sprintf("boot Linux %s or newer, with CONFIG_SECURITY_LANDLOCK and landlock in lsm=", gaps[len(gaps)-1].Since))
	}
}

// room advises when a limit on namespaces is near what the users could need.
func (k kernel) room(users int, r *Report) {
	for _, ns := range namespaces {
		name := "user.max_" + ns.name + "_namespaces"
		text, ok := k.sysctl(name)
		n, err := strconv.Atoi(text)
		if !ok || err != nil || n == 0 || n >= users+spareNamespaces {
			continue
		}
		r.advise(name, fmt.Sprintf("is %d: fewer jails than the %d users of this instance can run at once", n, users), setting(name, 2*users+10000))
	}
}

// spareNamespaces is for jailsh-net and whoever else makes some.
const spareNamespaces = 16

// sysctl reads a setting; dots stand for folders of /proc/sys.
func (k kernel) sysctl(name string) (string, bool) {
	b, err := os.ReadFile(filepath.Join(k.proc, "sys", strings.ReplaceAll(name, ".", "/")))
	return strings.TrimSpace(string(b)), err == nil
}

// setting is how to set one, now and at the next start.
func setting(name string, n int) string {
	return fmt.Sprintf("run: sysctl -w %s=%d; and write it into /etc/sysctl.d/60-jailsh.conf", name, n)
}
