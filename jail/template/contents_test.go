package template

import (
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// packages is a host with Debian's database of two packages, one for several
// machines.
func packages() tree {
	return mergedUsr().with(tree{
		"var/lib/dpkg/info/tool-12.list": strings.Join([]string{
			"/.", "/usr", "/usr/bin", "/usr/bin/tool-12", "/usr/lib/tool", "/usr/lib/tool/12", "/usr/lib/tool/12/empty", "/usr/lib/tool/now",
			"/usr/share/doc/tool-12/copyright", "/usr/share/man/man1/tool.1.gz", "/etc/tool.conf", "/etc/init.d/tool", "/lib/systemd/system/tool.service",
			"/etc/secret", "/usr/share/gone", "/run/tool", "/usr/bin/../bin/odd", "relative",
		}, "\n") + "\n",
		"var/lib/dpkg/info/libtool:" + runtime.GOARCH + ".list": "/.\n/lib/libtool.so\n",
		"var/lib/dpkg/info/libtool:vax.list":                    "/.\n/usr/lib/vax.so\n",
		"var/lib/dpkg/info/tool-12.postinst":                    "#!/bin/sh\n",
		"usr/bin/tool-12":                                       program("libc.so.6").String(), "usr/lib/tool/12/empty/": "", "usr/lib/tool/now": "-> 12", "usr/lib/tool/12/other": "not of the package",
		"usr/share/doc/tool-12/copyright": "", "usr/share/man/man1/tool.1.gz": "", "etc/tool.conf": "", "etc/init.d/tool": "", "usr/lib/systemd/system/tool.service": "",
		"etc/secret": "", "run/tool": "", "usr/lib/libtool.so": library("libtool.so").String(), "usr/lib/vax.so": "",
	})
}

func TestContents(t *testing.T) {
	t.Parallel()
	libc := []string{"/usr/lib/x86_64-linux-gnu/libc.so.6", "/usr/lib/x86_64-linux-gnu/ld.so", "/usr/lib64/ld-linux-x86-64.so.2->../lib/x86_64-linux-gnu/ld.so"}
	tool := append(libc, "/usr/bin/tool-12", "/usr/lib/tool/now->12", "/etc/tool.conf")
	for _, c := range []struct {
		profile string
		want    []string // beside what is always there
		err     string
	}{
		{profile: `package.tool.contents = ["tool-[0-9]*"]`, want: tool},
		{profile: `package.tool.contents = ["tool-12", "tool-1?"]`, want: tool},
		{profile: "package.tool.contents = ['tool-12']\npackage.tool.without = ['/usr/lib/tool', '/usr/lib/tool/*', '/etc/tool.*']", want: append(libc, "/usr/bin/tool-12")},
		{profile: `package.lib.contents = ["libtool"]`, want: []string{"/usr/lib/libtool.so"}},
		{profile: `package.none.contents = ["tool-13*"]`, err: "profile p: package tool-13*: not found on this host - run: apt-get install none"},
		{profile: "package.none.contents = ['none']\npackage.none.optional = true"},
		{profile: "any.x = ['none', 'lib']\npackage.none.contents = ['none']\npackage.lib.contents = ['libtool']", want: []string{"/usr/lib/libtool.so"}},
	} {
		host := packages().on(t, t.TempDir())
		if err := os.Chmod(host.On("/etc/secret"), 0o600); err != nil {
			t.Fatal(err)
		}
		p, err := gatherText(t, host, c.profile)
		if c.err != "" || err != nil {
			if err == nil || err.Error() != c.err {
				t.Errorf("%s\ngot:\n%v\nwant:\n%s", c.profile, err, c.err)
			}
			continue
		}
		want := always()
		for _, w := range c.want {
			want = append(want, strings.Replace(w, "->", " -> ", 1))
		}
		got := p.paths()
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%s\ngot:\n%s\nwant:\n%s", c.profile, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		if e := p["/usr/lib/tool/12/empty"]; strings.Contains(c.profile, "[0-9]") && (e == nil || !e.mode.IsDir()) {
			t.Error("an empty directory of the package is missing")
		}
	}
}

// TestContentsWithoutDpkg: a host of another family has no such database.
func TestContentsWithoutDpkg(t *testing.T) {
	t.Parallel()
	_, err := gatherText(t, mergedUsr().on(t, t.TempDir()), `package.gcc.contents = ["gcc"]`)
	if want := "profile p: package gcc: not found on this host - run: apt-get install gcc"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
