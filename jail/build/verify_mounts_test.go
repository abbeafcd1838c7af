package build

import (
	"strings"
	"testing"
)

func TestMountsAreReadBack(t *testing.T) {
	t.Parallel()
	const (
		root = "94 67 0:42 / / ro,nosuid,nodev,relatime - tmpfs none rw,size=1024k\n"
		usr  = "90 94 254:0 /usr /usr ro,nosuid,nodev,relatime - ext4 /dev/vda rw\n"
	)
	for _, c := range []struct{ lines, want string }{
		{root + usr, ""},
		{root + "99 94 0:43 / /tmp rw,nosuid,nodev - tmpfs none rw\n" + "93 94 254:0 /alice /home/alice rw,nosuid,nodev - ext4 /dev/vda rw\n", ""},
		{root + "101 94 0:45 / /dev ro,nosuid,noexec - tmpfs none rw\n" + "102 101 0:46 / /dev/pts rw,nosuid,noexec - devpts none rw\n", ""},
		{root + "104 94 0:48 / /proc rw,nosuid,nodev,noexec - proc none rw\n", ""},
		{root + `93 94 254:0 / /work\040of\134her rw,nosuid,nodev - ext4 /dev/vda rw` + "\n", ""},
		{root + "95 93 254:1 / /home/alice/usb rw,nosuid,nodev - ext4 /dev/vdb rw\n", ""},
		{root + strings.Replace(usr, "nosuid,", "", 1), "setuid programs would work on /usr"},
		{root + strings.Replace(usr, ",nodev", "", 1), "devices would work on /usr"},
		{root + strings.Replace(usr, " - ", " shared:1 - ", 1), "what is mounted on /usr would be seen outside (shared:1)"},
		{root + strings.Replace(usr, " - ", " master:1 - ", 1), "what is mounted on /usr would be seen outside (master:1)"},
		{root + strings.Replace(usr, "ro,", "rw,", 1), "/usr is mounted writable"},
		{root + "93 94 254:0 / /home/alicia rw,nosuid,nodev - ext4 /dev/vda rw\n", "/home/alicia is mounted writable"},
		{root + "93 94 254:0 / /proc/sys rw,nosuid,nodev - proc none rw\n", "/proc/sys is mounted writable"},
		{root + "93 94 254:0 / /dev rw,nosuid - tmpfs none rw\n", "/dev is mounted writable"},
		{root + "93 94\n", `mountinfo has the line "93 94\n"`},
		{usr, "mountinfo says nothing of /"},
		{"", "mountinfo says nothing of /"},
	} {
		err := checkMounts(c.lines, []string{"/dev/pts", "/tmp", "/home/alice", `/work of\her`})
		if c.want == "" && err != nil || c.want != "" && (err == nil || err.Error() != c.want) {
			t.Errorf("%s: %v, want %q", c.lines, err, c.want)
		}
	}
}
