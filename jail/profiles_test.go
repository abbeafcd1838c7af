package jail_test

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jailsh/jailsh/etc"
	"github.com/jailsh/jailsh/jail"
	"github.com/jailsh/jailsh/jail/template"
)

// built builds a template beside basic, with which it shares files.
func built(t *testing.T, o template.Options) jail.Template {
	t.Helper()
	o.Dir = filepath.Join(basic.Build, "../../..")
	o.Profiles = etc.Profiles()
	info, err := template.Build(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%s: %d files, %.0f MB", info.Name, info.Files, float64(info.Bytes)/1e6)
	opened, err := template.Open(o.Dir, o.Name)
	if err != nil {
		t.Fatal(err)
	}
	return jail.Template{Name: o.Name, Build: opened.Build, Tree: opened.Tree()}
}

// smoke are the profiles of etc/profiles, and what has to work in a jail of each:
// a script for bash, and what it says.
func smoke() map[string][]struct{ script, want string } {
	vim := `vim -es -u NONE -c 'put =getcwd()' -c 'w! out' -c 'q!' </dev/null; cat out; rm out`
	return map[string][]struct{ script, want string }{
		"basic": {{`grep -c . /etc/passwd`, "3"}},
		"etc":   nil, // no shell in it
		"host":  nil, // for kind host
		"perl":  {{`perl -MList::Util=sum -MPOSIX=floor -e 'print sum(1..4) + floor(1.5)'`, "11"}},
		"certs": nil,
		"locales": {
			{`echo grün | iconv -f UTF-8 -t ISO-8859-1 | od -An -tx1`, "67 72 fc 6e 0a"},
			{`TZ=Europe/Berlin date -d @0 +%H:%M`, "01:00"},
		},
		"editors": {
			{vim, "/home/alice"},
			{`vim -es -c 'syntax on' -c 'put =exists(\"syntax_on\")' -c 'w! out' -c 'q!' </dev/null; cat out; rm out`, "1"},
			{`nano --version | head -c 9`, "GNU nano"},
		},
		"ssh": {
			{`ssh -V 2>&1 | cut -c1-8`, "OpenSSH_"},
			{`ssh-keygen -q -t ed25519 -N '' -f key && ssh-keygen -lf key.pub | grep -c ED25519`, "1"},
			{`ssh -G -F /etc/ssh/ssh_config example.org | grep -c '^hashknownhosts yes'`, "1"},
			{`eval $(ssh-agent) >/dev/null && ssh-add -q key && ssh-add -l | grep -c ED25519; ssh-agent -k >/dev/null; rm key*`, "1"},
		},
		"git": {
			{`git init -q a && cd a && git config user.name A && git config user.email a@b && echo x >x && git add x && git commit -qm one && git log --format=%s`, "one"},
			{`git clone -q a b && cd b && git submodule status && echo y >>x && git diff --stat | cat`, "x | 1 +\n 1 file changed, 1 insertion(+)"},
			{`git init -q --bare c.git && cd a && git push -q ../c.git HEAD:main && git -C ../c.git log --format=%an main`, "A"},
			{`cd a && git request-pull HEAD . 2>&1 | grep -c 'following changes'`, "1"},
			{`git remote-https 2>&1 | grep -c 'usage'`, "1"},
			{`rm -rf a b c.git; git-shell -c "git-upload-pack 'none'" 2>&1 | grep -c none`, "1"},
		},
		"python": {
			{`python3 -c 'import ssl, sqlite3, json, ctypes, lzma, zoneinfo, decimal; print(sqlite3.connect(":memory:").execute("select 1+1").fetchone()[0])'`, "2"},
			{`python3 -c 'import ssl; print(len(ssl.create_default_context().get_ca_certs()) > 50)'`, "True"},
			{`python3 -c 'import json; print(json.__cached__)' | grep -c '^/usr/lib/python3.*/__pycache__/'`, "1"},
			{`python3 -c 'import json, os; print(os.path.exists(json.__cached__))'`, "True"},
			{`python3 -c 'import subprocess, threading, multiprocessing as m; p = m.Pool(2); print(p.map(abs, [-1, 2]))'`, "[1, 2]"},
		},
		"net": {
			{`curl -s file:///etc/shells | head -n 1`, "/bin/sh"},
			{`curl --version | grep -c https`, "1"},
			{`wget --version | grep -c '^GNU Wget'`, "1"},
			{`rsync -a /etc/shells copy && cmp copy /etc/shells && rm copy`, ""},
			{`grep -cw '^ssh' /etc/services`, "1"},
			{`(dig -v || host -V || kdig -V || drill -v) 2>&1 | grep -ci 'dig\|host\|drill'`, "1"},
		},
		"build": {
			{`printf '#include <stdio.h>\n#include <math.h>\nint main(int c, char **v) { printf("%%.0f\\n", sqrt(c * 4.0)); }\n' >a.c && gcc -Wall -O2 -o a a.c -lm && ./a`, "2"},
			{`printf '#include <iostream>\n#include <map>\nint main() { std::map<int, int> m; std::cout << m[1] << std::endl; }\n' >a.cc && g++ -o a a.cc && ./a`, "0"},
			{`printf 'a: a.c\n\tgcc -static -pthread -g -o a a.c -lm\n' >Makefile && touch a.c && make -s && ./a && strip a && ./a && rm a a.c a.cc Makefile`, "2\n2"},
		},
		"debug": {
			{`printf 'int f(int x) { return x * 2; }\nint main() { return f(21); }\n' >a.c && gcc -g -o a a.c && gdb -batch -ex 'break f' -ex run -ex 'print x' -ex continue ./a 2>&1 | grep -o '= 21\|code 052'`, "= 21\ncode 052"},
			{`strace -e trace=openat cat /etc/motd 2>&1 | grep -c '"/etc/motd"'; rm a a.c`, "1"},
		},
		"node": {
			{`node -e 'console.log(require("crypto").createHash("md5").update("").digest("hex"), JSON.stringify(process.versions.node.split(".").length))'`, "d41d8cd98f00b204e9800998ecf8427e 3"},
			{`node -e 'const t = require("tls"); console.log(t.rootCertificates.length > 50); fetch' | cat`, "true"},
		},
		"go": {
			{`export PATH=$PATH:/usr/local/go/bin GOFLAGS=-mod=mod GOTOOLCHAIN=local; mkdir m && cd m && printf 'module m\n' >go.mod && printf 'package main\nimport "fmt"\nfunc main() { fmt.Println(6 * 7) }\n' >m.go && go run .`, "42"},
		},
		"archive": {
			{`for z in bzip2 xz zstd; do tar cf - -C /etc shells | $z | $z -d | tar tf -; done`, "shells\nshells\nshells"},
			{`zip -q a.zip /etc/shells && unzip -p a.zip && rm a.zip`, "/bin/sh\n/bin/bash\n/usr/bin/sh\n/usr/bin/bash"},
		},
		"tools": {{`type -P bash`, "/usr/bin/bash"}},
		"dev":   {{vim, "/home/alice"}, {`python3 -c 'print(1)'; git --version | cut -d' ' -f1; gcc --version | head -n 1 | cut -d' ' -f1; curl --version | cut -c1-4 | head -n 1`, "1\ngit\ngcc\ncurl"}},
	}
}

// TestProfiles builds each profile from this machine and uses what it brings, as a
// user in a jail: what a program opens by name while it runs shows here only.
func TestProfiles(t *testing.T) {
	names, err := fs.Glob(etc.Profiles(), "*.toml")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		name = strings.TrimSuffix(name, ".toml")
		scripts, ok := smoke()[name]
		if !ok {
			t.Errorf("profile %s: nothing says what has to work", name)
		}
		if len(scripts) == 0 {
			continue
		}
		t.Run(name, func(t *testing.T) {
			cells, _ := newCells(t)
			a := account(t, "alice", 20001)
			a.Template = built(t, template.Options{Name: name})
			c := enter(t, cells, a)
			for _, s := range scripts {
				if r := run(t, c, s.script); strings.TrimSpace(r.out) != s.want {
					t.Errorf("%s\nsays %q, want %q; %s%+v", s.script, strings.TrimSpace(r.out), s.want, r.err, r.exit)
				}
			}
		})
	}
}

// TestHostTemplate: the host's programs run with what the template says instead of
// the host's /etc.
func TestHostTemplate(t *testing.T) {
	cells, _ := newCells(t)
	a := account(t, "alice", 20001)
	a.Template = built(t, template.Options{Name: "host", Kind: template.Host})
	c := enter(t, cells, a)
	for _, s := range []struct{ script, want string }{
		{`for f in /etc/shadow /etc/ssh /etc/machine-id /etc/fstab /etc/resolv.conf /opt /srv /var/lib /boot; do [ -s $f ] && echo $f; done`, ""},
		{`cut -d: -f1 /etc/passwd /etc/group | sort -u | tr '\n' ' '`, "alice nobody nogroup root"},
		{`hostname; cat /etc/hostname`, "jail\njail"},
		{`. /etc/profile; locale charmap; which vi vim awk | wc -l`, "UTF-8\n3"},
		{`git init -q x && python3 -c 'import ssl, sqlite3; print(len(ssl.create_default_context().get_ca_certs()) > 50)'; rm -r x`, "True"},
		{`printf 'int main() { return 0; }' >a.c && gcc -o a a.c && ./a && echo compiled; rm a a.c`, "compiled"},
		{`touch /usr/bin/x /etc/x 2>&1 | grep -c 'Read-only'`, "2"},
		{`ln /usr/bin/true ~/true 2>&1 | grep -o 'cross-device'`, "cross-device"},
	} {
		if r := run(t, c, s.script); strings.TrimSpace(r.out) != s.want {
			t.Errorf("%s\nsays %q, want %q; %s%+v", s.script, strings.TrimSpace(r.out), s.want, r.err, r.exit)
		}
	}
}

// TestDirTemplate: a folder with a root file system, as somebody unpacked it: with
// accounts, a name and setuid programs of its own.
func TestDirTemplate(t *testing.T) {
	root := filepath.Join(t.TempDir(), "root")
	if out, err := exec.Command("cp", "-a", basic.Tree.Dir, root).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	must(t, os.Chmod(filepath.Join(root, "usr/bin/id"), 0o755|fs.ModeSetuid|fs.ModeSetgid))
	for _, dir := range []string{"home", "srv", "boot"} {
		must(t, os.Mkdir(filepath.Join(root, dir), 0o700), os.Chmod(filepath.Join(root, dir), 0o755))
	}
	for name, content := range map[string]string{
		"etc/shadow": "root:secret", "etc/machine-id": "0123", "etc/passwd-": "eve", "etc/resolv.conf": "nameserver 192.0.2.1", "etc/hostname": "builder", "srv/x": "x",
	} {
		must(t, os.WriteFile(filepath.Join(root, name), []byte(content), 0o600), os.Chmod(filepath.Join(root, name), 0o644))
	}
	cells, _ := newCells(t)
	a := account(t, "alice", 20001)
	a.Template = built(t, template.Options{Name: "folder", Kind: template.Dir, Source: root})
	c := enter(t, cells, a)
	for _, s := range []struct{ script, want string }{
		{`cat /etc/shadow /etc/machine-id /etc/passwd- /etc/resolv.conf; cat /etc/hostname /srv/x`, "jail\nx"},
		{`stat -c %a /usr/bin/id; id -u; id -g`, "6755\n20001\n20001"}, // id tells the effective ones
		{`ls -d /boot /home/* 2>/dev/null`, "/home/alice"},
		{`touch /srv/y /usr/y 2>&1 | grep -c Read-only`, "2"},
	} {
		if r := run(t, c, s.script); strings.TrimSpace(r.out) != s.want {
			t.Errorf("%s\nsays %q, want %q; %s%+v", s.script, strings.TrimSpace(r.out), s.want, r.err, r.exit)
		}
	}
	// An upgrade of the folder is there at once.
	must(t, os.WriteFile(filepath.Join(root, "srv/x"), []byte("new"), 0o644))
	if got := output(t, c, "cat /srv/x"); got != "new" {
		t.Error(got)
	}
}

// TestNobodyWritesToSharedFiles: builds share files, so a user who could write to
// one, or take a link to it into her home, would write into other users' jails.
func TestNobodyWritesToSharedFiles(t *testing.T) {
	built(t, template.Options{Name: "twin", Profile: []string{"basic"}})
	cells, _ := newCells(t)
	c := enter(t, cells, account(t, "alice", 20001))
	script := `
		cd; shared=0
		for f in $(find /usr /etc -type f -links +1); do
			shared=$((shared + 1))
			[ -w $f ] && echo "$f is writable"
			ln $f ~/taken 2>/dev/null && echo "$f was linked"
			[ -u $f ] || [ -g $f ] && echo "$f is setuid or setgid"
		done
		[ $shared -gt 1000 ] && echo shared`
	if got := output(t, c, script); got != "shared" {
		t.Error(got)
	}
}
