package template

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/jailsh/jailsh/jail/rootfs"
)

// always is what every template of mergedUsr has.

func always() []string {
	return []string{
		"/bin -> usr/bin", "/sbin -> usr/sbin", "/lib -> usr/lib", "/lib64 -> usr/lib64",
		"/etc/passwd made", "/etc/group made", "/etc/hosts made", "/etc/hostname made", "/etc/resolv.conf made",
	}
}

// gatherText plans a template of one profile, TOML text.

func gatherText(t *testing.T, host rootfs.Tree, text string) (plan, error) {
	t.Helper()
	list, err := loadProfiles(fstest.MapFS{"p.toml": {Data: []byte(text)}}, []string{"p"})
	if err != nil {
		t.Fatal(err)
	}
	return gather(t.Context(), host, list)
}

func TestGather(t *testing.T) {
	t.Parallel()
	const bash = "/usr/bin/bash /usr/lib64/ld-linux-x86-64.so.2->../lib/x86_64-linux-gnu/ld.so /usr/lib/x86_64-linux-gnu/ld.so " +
		"/usr/lib/x86_64-linux-gnu/libtinfo.so.6->libtinfo.so.6.3 /usr/lib/x86_64-linux-gnu/libtinfo.so.6.3 /usr/lib/x86_64-linux-gnu/libc.so.6"
	for _, c := range []struct {
		name    string
		host    tree
		profile string
		want    string // beside what is always there, with -> for links
		err     string
	}{
		{name: "nothing"},
		{name: "a command with its libraries", profile: `package.a.commands = ["bash"]`, want: bash},
		{name: "a link to it as well", profile: `package.a.commands = ["sh"]`, want: bash + " /usr/bin/sh->bash"},
		{name: "a path through the merged usr", profile: `package.a.paths = ["/bin/sh"]`, want: bash + " /usr/bin/sh->bash"},
		{
			name: "a chain of links", profile: `package.a.commands = ["awk"]`,
			host: tree{"usr/bin/awk": "-> /etc/alternatives/awk", "etc/alternatives/awk": "-> /usr/bin/mawk", "usr/bin/mawk": "#"},
			want: "/usr/bin/awk->/etc/alternatives/awk /etc/alternatives/awk->/usr/bin/mawk /usr/bin/mawk",
		},
		{
			name: "the distribution's command before the administrator's", profile: `package.a.commands = ["x"]`,
			host: tree{"usr/local/bin/x": "#", "usr/sbin/x": "#"}, want: "/usr/sbin/x",
		},
		{
			name: "what can't run is no command", profile: `package.a.commands = ["x", "y"]`,
			host: tree{"usr/bin/x/": "", "usr/sbin/x/z": "", "usr/local/bin/x": "#", "usr/bin/y/": ""}, err: "profile p: y: not found on this host - run: apt-get install a",
		},
		{
			name: "a script's interpreter", profile: `package.a.commands = ["s"]`, host: tree{"usr/bin/s": "#!/bin/sh -e\n"},
			want: bash + " /usr/bin/s /usr/bin/sh->bash",
		},
		{
			name: "a script without one", profile: `package.a.commands = ["s"]`, host: tree{"usr/bin/s": "#! /bin/perl\n"},
			err: "/usr/bin/s: needs /bin/perl, which this host doesn't have - reinstall its package",
		},
		{
			name: "data that looks like a script", profile: `package.a.paths = ["/usr/share/s"]`, host: tree{"usr/share/s": "#!/bin/perl\n"},
			want: "/usr/share/s",
		},
		{
			name: "a directory with all in it", profile: `package.a.paths = ["/usr/share/d"]`,
			host: tree{
				"usr/share/d/f": "", "usr/share/d/e/g": "", "usr/share/d/in": "-> e/g", "usr/share/d/self": "-> .", "usr/share/d/up": "-> ../d/e",
				"usr/share/d/out": "-> /srv/x", "srv/x/y": "", "usr/share/d/gone": "-> nowhere", "usr/share/d/loop": "-> loop",
				"usr/share/d/own": "-> /run/x", "run/x": "", "usr/share/d/via": "-> /run/y", "run/y": "-> /usr/bin/bash",
			},
			want: "/usr/share/d/f /usr/share/d/e/g /usr/share/d/in->e/g /usr/share/d/self->. /usr/share/d/up->../d/e /usr/share/d/out->/srv/x /srv/x/y",
		},
		{
			name: "a directory that leads to everything", profile: `package.a.paths = ["/usr/share/d"]`, host: tree{"usr/share/d/all": "-> /"},
			err: "profile p: /: would be copied with all that is in it - name what is needed of it",
		},
		{name: "everything", profile: `package.a.paths = ["/usr"]`, err: "profile p: /usr: would be copied with all that is in it - name what is needed of it"},
		{
			name: "what the jail provides", profile: `package.a.paths = ["/etc/mtab"]`, host: tree{"etc/mtab": "-> /proc/mounts", "proc/mounts": ""},
			err: "profile p: /etc/mtab: leads to /proc/mounts: that is the jail's own, not a template's - leave it out",
		},
		{
			name: "a loop", profile: `package.a.paths = ["/etc/loop"]`, host: tree{"etc/loop": "-> loop"},
			err: "profile p: resolve /etc/loop: too many levels of symbolic links",
		},
		{
			name: "globs", profile: `package.a.globs = ["/etc/*.conf", "/etc/none*"]`, host: tree{"etc/a.conf": "", "etc/b.conf": "-> a.conf", "etc/c": ""},
			want: "/etc/a.conf /etc/b.conf->a.conf",
		},
		{name: "globs without a match", profile: `package.a.globs = ["/etc/x*", "/etc/y*"]`, err: "profile p: /etc/x*: not found on this host - run: apt-get install a"},
		{
			name: "all that is missing at once", profile: "package.less.commands = ['less', 'lesskey']\npackage.vim.paths = ['/etc/vim']\npackage.vim.optional_paths = ['/etc/nothing']\n" +
				"package.vim.optional_commands = ['nothing']\nany.pager = ['x', 'y']\npackage.x.commands = ['x']\npackage.y.commands = ['y']",
			err: "profile p: less: not found on this host - run: apt-get install less\n" +
				"profile p: lesskey: not found on this host - run: apt-get install less\n" +
				"profile p: /etc/vim: not found on this host - run: apt-get install vim\n" +
				"profile p: pager: found none of x, y on this host - run: apt-get install x",
		},
		{
			name: "the first choice that is there", profile: "any.shell = ['x', 'y', 'z']\npackage.z.commands = ['z']\npackage.y.commands = ['y']\npackage.x.commands = ['y', 'x']",
			host: tree{"usr/bin/y": "#", "usr/bin/z": "#"}, want: "/usr/bin/y",
		},
		{name: "an optional package that is there", profile: "package.a.commands = ['y']\npackage.a.optional = true", host: tree{"usr/bin/y": "#"}, want: "/usr/bin/y"},
		{name: "an optional package of which half is there", profile: "package.a.commands = ['y', 'z']\npackage.a.optional = true", host: tree{"usr/bin/y": "#"}},
		{
			name: "a library that is missing", profile: "package.a.commands = ['y']", host: tree{"usr/bin/y": program("libgone.so").String()},
			err: "/usr/bin/y: needs libgone.so, which this host doesn't have - reinstall its package",
		},
		{
			name: "a program that is damaged", profile: "package.a.commands = ['y']", host: tree{"usr/bin/y": program().String()[:100]},
			err: "/usr/bin/y: damaged ELF file: EOF - reinstall its package",
		},
		{
			name: "a written file", profile: "file.'/etc/new/x'.content = ''\nfile.'/etc/old'.content = 'new'\npackage.a.paths = ['/etc/old']", host: tree{"etc/old": "old"},
			want: "/etc/new/x:made /etc/old:made",
		},
		{name: "a written file through a link", profile: "file.'/lib/x'.content = ''", err: "profile p: file /lib/x: leads through the link /lib - write its real path"},
		{
			name: "a written file in place of a directory", profile: "file.'/etc/d'.content = ''\npackage.a.paths = ['/etc/d']", host: tree{"etc/d/x": ""},
			err: "profile p: file /etc/d: there is a directory at that place already - leave one of them out",
		},
		{
			name: "a written file below another", profile: "file.'/etc/x'.content = ''\nfile.'/etc/x/y'.content = ''",
			err: "profile p: file /etc/x/y: /etc/x is a file already - leave one of them out",
		},
		{
			name: "a written file below a link", profile: "file.'/etc/x/y'.content = ''\npackage.a.paths = ['/etc/x']", host: tree{"etc/x": "-> z", "etc/z": ""},
			err: "profile p: file /etc/x/y: leads through the link /etc/x - write its real path",
		},
		{
			name: "a written file above another", profile: "file.'/etc/x/y'.content = ''\nfile.'/etc/x'.content = ''",
			err: "profile p: file /etc/x: there is a directory at that place already - leave one of them out",
		},
		{
			name: "a directory where the jail has a file", profile: "file.'/etc/passwd/x'.content = ''",
			err: "/etc/passwd: is a directory, and the jail puts a file there - leave it out",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p, err := gatherText(t, mergedUsr().with(c.host).on(t, t.TempDir()), c.profile)
			if c.err != "" || err != nil {
				if err == nil || err.Error() != c.err {
					t.Errorf("got:\n%v\nwant:\n%s", err, c.err)
				}
				return
			}
			want := always()
			for _, w := range strings.Fields(c.want) {
				w = strings.Replace(w, "->", " -> ", 1)
				want = append(want, strings.Replace(w, ":made", " made", 1))
			}
			got := p.paths()
			slices.Sort(got)
			slices.Sort(want)
			if !slices.Equal(got, want) {
				t.Errorf("got:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
			for name := range p {
				parents(name, func(dir string) {
					if e := p[dir]; e == nil || !e.mode.IsDir() {
						t.Errorf("%s is planned without its directory %s", name, dir)
					}
				})
			}
		})
	}
}

// TestGatherUnmerged: a host from before the merged /usr keeps its two trees.

func TestGatherUnmerged(t *testing.T) {
	t.Parallel()
	host := tree{"bin/sh": "#", "usr/bin/env": "#", "lib/": "", "sbin/": ""}.on(t, t.TempDir())
	p, err := gatherText(t, host, `package.a.commands = ["sh", "env"]`)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"/bin/sh", "/usr/bin/env"} {
		if e := p[want]; e == nil || !e.mode.IsRegular() {
			t.Errorf("%s is not planned", want)
		}
	}
	if e := p["/bin"]; !e.mode.IsDir() {
		t.Errorf("/bin is planned as %v", e.mode)
	}
}

// TestGatherModes: nothing of the host's setuid, setgid, sticky and write bits is planned.

// TestGatherNotExecutable: a file that can't be run is no command, and no script.

// TestGatherSpecial: a fifo or a socket that a profile names is refused, one that

// it sweeps up is passed over; neither is opened.

// TestGatherCache: the jail's loader is told of the libraries that are there, and

// of no others.

func TestGatherCache(t *testing.T) {
	t.Parallel()
	entries := []cacheEntry{
		{name: "libz.so.1", path: "/opt/libz.so.1", flags: 0x303},
		{name: "libx.so.1", path: "/opt/libx.so.1", flags: 0x303},
		{name: "libx.so.1", path: "/opt/v3/libx.so.1", flags: 0x303, hwcap: 1 << 62},
		{name: "libx.so", path: "/opt/libx.so", flags: 0x303},
		{name: "libold.so", path: "/opt/libold.so", flags: 0x303},
	}
	host := mergedUsr().with(tree{
		"usr/bin/x":       program("libx.so.1").String(),
		"opt/libz.so.1":   library("libz.so.1").String(),
		"opt/libx.so.1":   "-> libx.so.1.2",
		"opt/libx.so":     "-> libx.so.1.2", // a developer's link: nobody took it
		"opt/libx.so.1.2": library("libx.so.1").String(), "opt/v3/libx.so.1": library("libx.so.1").String(),
		"etc/ld.so.cache": string(encodeCache(entries)),
	}).on(t, t.TempDir())
	p, err := gatherText(t, host, `package.a.commands = ["x"]`)
	if err != nil {
		t.Fatal(err)
	}
	got, err := parseCache(p["/etc/ld.so.cache"].content)
	if err != nil || !slices.Equal(got, entries[1:2]) {
		t.Errorf("the template's cache has %v, %v", got, err)
	}
	if p["/opt/v3/libx.so.1"] == nil || p["/opt/libz.so.1"] != nil {
		t.Errorf("planned %v", p.paths())
	}
}

func TestGatherDamagedCache(t *testing.T) {
	t.Parallel()
	host := mergedUsr().with(tree{"etc/ld.so.cache": "ld.so-1.7.0"}).on(t, t.TempDir())
	_, err := gatherText(t, host, "")
	want := "read /etc/ld.so.cache: not in glibc's new format - run: ldconfig -c new"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// TestGatherTooMuch: a profile that sweeps up a whole disk ends before memory does.
