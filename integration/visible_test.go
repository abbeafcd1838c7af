package integration

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Of /proc there are the processes, and a list that somebody has thought about;
// the rest is masked, whatever the kernel has.
func TestWhatProcShows(t *testing.T) {
	t.Parallel()
	i := start(t)
	got := i.sh("alice", `
cd /proc
for e in [!0-9]*; do
  if [ -L $e ]; then continue
  elif [ -d $e ]; then [ -z "$(ls -A $e 2>/dev/null)" ] || echo $e
  else (: <$e) 2>/dev/null && echo $e
  fi
done; true`)
	want := "cpuinfo filesystems loadavg meminfo stat sys sysvipc tty uptime version"
	if got := strings.Join(strings.Fields(got), " "); got != want {
		t.Errorf("%q, want %q", got, want)
	}
	masked, err := filepath.Glob("/proc/[a-z]*")
	if err != nil || len(masked) < 40 {
		t.Errorf("there is little to mask here: %d %v", len(masked), err)
	}
}

// mountinfo is of the process that reads it, and can't be masked: it shows where
// her own mounts come from, and nothing of others.
func TestMountinfoShowsNobodyElse(t *testing.T) {
	t.Parallel()
	i := newInstance(t)
	for _, name := range []string{"alice", "bob"} {
		source := filepath.Join(i.dir, "work-of-"+name)
		if err := os.Mkdir(source, 0o755); err != nil {
			t.Fatal(err)
		}
		i.person(name).table = fmt.Sprintf(`mounts = [{ source = %q, target = "/work" }]`, source)
	}
	i.start()
	shown := map[string]string{}
	for _, name := range []string{"alice", "bob"} {
		shown[name] = i.sh(name, "cat /proc/self/mountinfo /proc/self/mounts /proc/self/mountstats")
	}
	for name, other := range map[string]string{"alice": "bob", "bob": "alice"} {
		if !strings.Contains(shown[name], "/homes/"+name+" ") || !strings.Contains(shown[name], "/work-of-"+name+" ") {
			t.Errorf("%s doesn't see her own mounts:\n%s", name, shown[name])
		}
		if strings.Contains(shown[name], other) {
			t.Errorf("%s sees something of %s:\n%s", name, other, shown[name])
		}
	}
}

// What says where and what the machine is, and whose: all of it is the jail's.
func TestNeutralFiles(t *testing.T) {
	t.Parallel()
	i := newInstance(t)
	i.person("alice").table = `hostname = "quiet"`
	i.start()
	for script, want := range map[string]string{
		"hostname; cat /etc/hostname; uname -n; cat /proc/sys/kernel/hostname":     "quiet\nquiet\nquiet\nquiet",
		"date +%Z; test ! -e /etc/localtime && echo none":                          "UTC\nnone",
		"cat /etc/resolv.conf 2>/dev/null; getent hosts quiet | tr -s ' '":         "127.0.1.1 quiet",
		"cut -d: -f1 /etc/passwd /etc/group | sort -u | tr '\\n' ' '":              "alice nobody nogroup root",
		"ls -A /sys 2>/dev/null; cat /etc/machine-id /etc/fstab 2>/dev/null; true": "",
	} {
		if got := i.sh("alice", script); got != want {
			t.Errorf("%s: %q, want %q", script, got, want)
		}
	}
}
