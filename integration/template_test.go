package integration

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// buildOf is the build of a template that the user's jail is made of.
func (i *instance) buildOf(name string) string {
	i.t.Helper()
	return strings.TrimSpace(i.sh(name, `grep -o 'builds/[^/]*/root/usr' /proc/self/mountinfo | cut -d/ -f2`))
}

// A template is built again under a cell that runs on it: the cell keeps what it
// has, the next one gets the new build, and the old one goes with its last cell.
func TestATemplateIsBuiltUnderACell(t *testing.T) {
	t.Parallel()
	i := newInstance(t)
	i.templates = filepath.Join(i.dir, "templates")
	i.writeServer()
	i.writeUsers()
	build := func() {
		t.Helper()
		if o := runCommand(t, nil, command(t, program("jailsh"), "template", "build", "basic", "--config", i.file)); o.code != 0 {
			t.Fatal(o.err)
		}
	}
	build()
	i.person("alice").table = `linger = "1h"`
	i.start()
	first := i.buildOf("alice")
	for range 3 {
		build()
	}
	if again := i.buildOf("alice"); again != first {
		t.Errorf("alice's cell is made of %s, and was of %s", again, first)
	}
	if got := i.sh("alice", "echo x >f && grep x f && ls /usr/share/vim /etc/vim >/dev/null && vi --version | grep -c ^VIM"); !strings.Contains(got, "x\n1") {
		t.Errorf("in the old build: %q", got)
	}
	if second := i.buildOf("bob"); second == first {
		t.Errorf("bob's new cell is made of the old build %s", second)
	}
	current, err := os.Readlink(filepath.Join(i.templates, "basic/current"))
	if err != nil || filepath.Base(current) != i.buildOf("bob") {
		t.Errorf("current is %s, %v", current, err)
	}
	old := filepath.Join(i.templates, "basic/builds", first)
	if _, err := os.Lstat(old); err != nil {
		t.Error(err)
	}
	i.person("alice").table = "disabled = true"
	i.reload()
	eventually(t, patience, func() string {
		if _, err := os.Lstat(old); err == nil {
			return old + " is still there"
		}
		return ""
	})
	if o := i.jailsh("template", "check", "basic"); o.code != 0 {
		t.Error(o.out, o.err)
	}
}
