package integration

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What is wrong with one user's jail fails her login: she is told a sentence
// and a reference, the log says what and what to do, and others don't notice.
func TestRefusedLogins(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(t *testing.T, i *instance, alice *person)
		mend   func(t *testing.T, i *instance, alice *person)
		want   []string
	}{
		"a template that isn't there": {
			func(_ *testing.T, _ *instance, alice *person) { alice.table = `template = "python"` },
			func(_ *testing.T, _ *instance, alice *person) { alice.table = "" },
			[]string{"template python: not built - run: jailsh --config ", " template build python"},
		},
		"a template that is half built": {
			func(t *testing.T, i *instance, alice *person) {
				alice.table = `template = "half"`
				templates := filepath.Join(i.dir, "templates")
				mkdir(t, templates)
				symlink(t, filepath.Join(shared(), "templates", "basic"), filepath.Join(templates, "basic"))
				half := filepath.Join(templates, "half", "builds", "20260102T030405Z-0a1b2c3d")
				if err := os.MkdirAll(filepath.Join(half, "root", "usr"), 0o755); err != nil {
					t.Fatal(err)
				}
				symlink(t, filepath.Join("builds", filepath.Base(half)), filepath.Join(templates, "half", "current"))
				i.templates = templates
			},
			nil,
			[]string{"template half: half built - run: jailsh --config ", " template build half"},
		},
		"a shell that isn't in the template": {
			func(_ *testing.T, _ *instance, alice *person) { alice.table = `shell = "/bin/zsh"` },
			func(_ *testing.T, _ *instance, alice *person) { alice.table = `shell = "/bin/sh"` },
			[]string{"user.alice.shell: /bin/zsh: not in the template", " - name one that is"},
		},
		"a home of somebody else": {
			func(t *testing.T, i *instance, _ *person) {
				mkdir(t, filepath.Join(i.dir, "homes"))
				mkdir(t, i.home("alice"))
				chown(t, i.home("alice"), 4242)
			},
			func(t *testing.T, i *instance, alice *person) { chown(t, i.home("alice"), alice.uid) },
			[]string{"home {dir}/homes/alice: belongs to uid 4242, not to alice - run: chown -R {uid}:{uid} {dir}/homes/alice"},
		},
		"a home that is a link": {
			func(t *testing.T, i *instance, _ *person) {
				mkdir(t, filepath.Join(i.dir, "homes"))
				symlink(t, "/root", i.home("alice"))
			},
			func(t *testing.T, i *instance, _ *person) { remove(t, i.home("alice")) },
			[]string{"home {dir}/homes/alice: is a symbolic link or a file - move it away"},
		},
		"a home below a link": {
			func(t *testing.T, i *instance, alice *person) {
				symlink(t, "/srv", filepath.Join(i.dir, "there"))
				alice.table = `home = "there/alice"`
			},
			func(_ *testing.T, _ *instance, alice *person) { alice.table = "" },
			[]string{"home {dir}/there/alice: the folder above it: too many levels of symbolic links - "},
		},
		"a mount that isn't there": {
			func(_ *testing.T, _ *instance, alice *person) {
				alice.table = `mounts = [{ source = "/nonexistent/x", target = "/x" }]`
			},
			func(_ *testing.T, _ *instance, alice *person) {
				alice.table = `mounts = [{ source = "/nonexistent/x", target = "/x", optional = true }]`
			},
			[]string{"user.alice.mounts: /nonexistent/x: doesn't exist - make it, or set optional = true"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := newInstance(t)
			alice := i.person("alice")
			c.change(t, i, alice)
			i.start()
			line := i.failedLogin("alice")
			replace := strings.NewReplacer("{dir}", i.dir, "{uid}", fmt.Sprint(alice.uid))
			for _, want := range c.want {
				if want = replace.Replace(want); !strings.Contains(line, want) {
					t.Errorf("the log says %s\nwant %s", line, want)
				}
			}
			if left := i.running("alice"); len(left) > 0 {
				t.Errorf("left: %v", left)
			}
			if c.mend == nil {
				return
			}
			i.sh("bob", "true")
			c.mend(t, i, alice)
			i.reload()
			i.sh("alice", "true")
		})
	}
}
