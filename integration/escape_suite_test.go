package integration

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// The known ways out of a jail, tried by the user with a program of her own: from
// each kind of template, with each network, beside what another user and the host
// have left open to everybody. None may work.
func TestEscapes(t *testing.T) {
	t.Parallel()
	giveAddress(t)
	for _, c := range []struct {
		kind    string   // of the template
		build   []string // arguments of jailsh template build
		network string
	}{
		{"copy", []string{"basic"}, "private"},
		{"copy", []string{"basic"}, "egress"},
		{"copy", []string{"basic"}, "host"},
		{"host", []string{"whole", "--host"}, "private"},
		{"dir", []string{"tree", "--dir", dirTemplate(t)}, "private"},
	} {
		t.Run(c.kind+" "+c.network, func(t *testing.T) {
			t.Parallel()
			i := newInstance(t)
			if c.network == "egress" { // of the tests' own network namespace
				if err := os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte("1"), 0); err != nil {
					t.Fatal(err)
				}
			}
			if c.kind != "copy" {
				i.templates = filepath.Join(i.dir, "templates")
				i.writeServer()
				if o := i.jailsh(append([]string{"template", "build"}, c.build...)...); o.code != 0 {
					t.Fatalf("%+v", o)
				}
			}
			i.head = withProbe(fmt.Sprintf("{ source = %q, target = \"/bait\" }", i.baitTree())) +
				fmt.Sprintf("template = %q\nnetwork = %q\nallow = { share = true }\n", c.build[0], c.network)
			i.start()
			i.bait()
			i.sh("alice", "true") // makes her home
			own := i.baitHome("alice").and("network", c.network).and("read-only", "/bait")
			if c.network == "host" && landlockVersion() < 6 { // Linux 6.12, as docs/threat-model.md says
				own = own.and("abstract", "")
			}
			for _, elsewhere := range []struct {
				what string
				left victims
			}{
				{"the host", i.onHost("alice")},
				{"another user", i.inJail("bob")},
			} {
				found := i.probe("alice", slices.Concat(elsewhere.left, own))
				for name, f := range found {
					if f.verdict == isBroken {
						t.Errorf("beside %s: %s: %s", elsewhere.what, name, f.detail)
					}
				}
				if all := attacks(t); len(found) != len(all) || len(all) < 150 {
					t.Errorf("%d of %d attacks were tried", len(found), len(all))
				}
			}
		})
	}
}

// landlockVersion is that of the kernel (landlock(7)), 0 if it has none.
func landlockVersion() int {
	v, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	if errno != 0 {
		return 0
	}
	return int(v)
}

// giveAddress gives the tests' network namespace one that isn't of the loopback's
// network, as every host has one.
func giveAddress(t *testing.T) {
	t.Helper()
	if o := run(t, nil, "ip", "address", "replace", "192.0.2.77/32", "dev", "lo"); o.code != 0 {
		t.Fatalf("%+v", o)
	}
}

// dirTemplate is a folder with a root file system: that of the basic template.
func dirTemplate(t *testing.T) string {
	t.Helper()
	root, err := filepath.EvalSymlinks(filepath.Join(shared(), "templates/basic/current/root"))
	if err != nil {
		t.Fatal(err)
	}
	return root
}

// bait makes a tree to be mounted read-only, with a mount below it, and what must
// be of no use in a jail: a setuid program and a device.
func (i *instance) bait() {
	i.t.Helper()
	tree := i.baitTree()
	below := filepath.Join(tree, "below")
	if err := os.MkdirAll(below, 0o777); err != nil {
		i.t.Fatal(err)
	}
	if err := unix.Mount("none", below, "tmpfs", 0, "mode=0777"); err != nil {
		i.t.Fatal(err)
	}
	i.t.Cleanup(func() {
		if err := unix.Unmount(below, unix.MNT_DETACH); err != nil {
			i.t.Error(err)
		}
	})
	for _, dir := range []string{tree, below} {
		if err := os.Chmod(dir, 0o777); err != nil {
			i.t.Fatal(err)
		}
		i.baitFolder(dir)
	}
}

func (i *instance) baitTree() string { return filepath.Join(i.dir, "bait") }

// baitHome puts the same into a person's home, which she can write to.
func (i *instance) baitHome(name string) victims {
	i.t.Helper()
	i.baitFolder(i.home(name))
	at := func(file string) string {
		return strings.Join([]string{"/bait/" + file, "/bait/below/" + file, "/home/" + name + "/" + file}, ":")
	}
	return victims{}.and("setuid", at("setuid")).and("device", at("zero"))
}

func (i *instance) baitFolder(dir string) {
	i.t.Helper()
	text, err := os.ReadFile(program("jailsh-probe"))
	if err != nil {
		i.t.Fatal(err)
	}
	setuid := filepath.Join(dir, "setuid")
	if err := os.WriteFile(setuid, text, 0o755); err != nil {
		i.t.Fatal(err)
	}
	if err := unix.Chmod(setuid, 0o6755); err != nil {
		i.t.Fatal(err)
	}
	if err := unix.Mknod(filepath.Join(dir, "zero"), unix.S_IFCHR|0o666, int(unix.Mkdev(1, 5))); err != nil {
		i.t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(dir, "zero"), 0o666); err != nil {
		i.t.Fatal(err)
	}
}
