package build

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/jailsh/jailsh/internal/wire"
)

// verifyMounts reads the jail's mount table back. Whatever a template is made of,
// the host's own /usr with its setuid programs or a folder that somebody unpacked:
// no mount takes setuid bits or file capabilities for what they are, none but
// /dev has devices, and none is writable but those that the plan says.
func (j *jail) verifyMounts() error {
	b, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return call("read mountinfo", err)
	}
	return checkMounts(string(b), writable(j.spec))
}

// writable lists where the jail may be written, with what is mounted below.
func writable(spec *wire.Spec) []string {
	list := []string{"/dev/pts", "/dev/shm"}
	for _, m := range spec.Mounts {
		if m.Writable {
			list = append(list, m.Target)
		}
	}
	return list
}

// checkMounts looks at each line of a mountinfo (proc_pid_mountinfo(5)): the fifth
// field is where, the sixth the mount's own options. Those of the file system,
// after the dash, are the host's.
func checkMounts(mountinfo string, writable []string) error {
	seen := false
	for line := range strings.Lines(mountinfo) {
		fields := strings.Fields(line)
		if len(fields) < 6 {
			return fmt.Errorf("mountinfo has the line %q", line)
		}
		target, options := unescape(fields[4]), strings.Split(fields[5], ",")
		seen = seen || target == "/"
		switch {
		case !slices.Contains(options, "nosuid"):
			return fmt.Errorf("setuid programs would work on %s", target)
		case !slices.Contains(options, "nodev") && target != "/dev" && target != "/dev/pts":
			return fmt.Errorf("devices would work on %s", target)
		case !slices.Contains(options, "ro") && target != "/proc" && !inAny(target, writable):
			return fmt.Errorf("%s is mounted writable", target)
		}
	}
	if !seen {
		return fmt.Errorf("mountinfo says nothing of /")
	}
	return nil
}

func inAny(target string, folders []string) bool {
	return slices.ContainsFunc(folders, func(f string) bool { return target == f || strings.HasPrefix(target, f+"/") })
}

// unescape puts back what the kernel writes in octal in a mount point.
func unescape(s string) string {
	return strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`).Replace(s)
}
