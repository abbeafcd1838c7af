package build

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/jailsh/jailsh/internal/mountinfo"
	"github.com/jailsh/jailsh/internal/wire"
)

// verifyMounts reads the jail's mount table back. Whatever a template is made of,
// the host's own /usr with its setuid programs or a folder that somebody unpacked:
// what happens to a mount is seen nowhere else, none takes setuid bits or file
// capabilities for what they are, none but /dev has devices, and none is writable
// but those that the plan says.
func (j *jail) verifyMounts() error {
	b, err := os.ReadFile("/proc/thread-self/mountinfo")
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

// checkMounts looks at the mounts' own options: those of their file systems are
// the host's.
func checkMounts(table string, writable []string) error {
	mounts, err := mountinfo.Parse(table)
	if err != nil {
		return err
	}
	seen := false
	for _, m := range mounts {
		seen = seen || m.Target == "/"
		switch {
		case len(m.Tags) > 0:
			return fmt.Errorf("what is mounted on %s would be seen outside (%s)", m.Target, strings.Join(m.Tags, " "))
		case !m.Has("nosuid"):
			return fmt.Errorf("setuid programs would work on %s", m.Target)
		case !m.Has("nodev") && m.Target != "/dev" && m.Target != "/dev/pts":
			return fmt.Errorf("devices would work on %s", m.Target)
		case !m.Has("ro") && m.Target != "/proc" && !inAny(m.Target, writable):
			return fmt.Errorf("%s is mounted writable", m.Target)
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
