package integration

import (
	"path/filepath"
	"strings"
	"testing"
)

// Whoever may share types it in the very terminal, whatever her jail is made of. Who
// may not has nothing of it.
func TestATerminalIsSharedFromWithin(t *testing.T) {
	t.Parallel()
	for name, build := range map[string][]string{
		"copy": nil,
		"host": {"whole", "--host"},
		"dir":  {"tree", "--dir", dirTemplate(t)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := newInstance(t)
			i.person("alice").table = "allow = { share = true }"
			if build != nil {
				i.templates = filepath.Join(i.dir, "templates")
				i.writeServer()
				if o := i.jailsh(append([]string{"template", "build"}, build...)...); o.code != 0 {
					t.Fatalf("%+v", o)
				}
				i.person("alice").table += "\ntemplate = \"" + build[0] + "\""
				i.person("bob").table = "template = \"" + build[0] + "\""
			}
			i.start()
			owner := i.terminal("alice")
			owner.prompt()
			owner.typed("jailsh share --type --name it")
			said := owner.wait("it is shared", "@127.0.0.1")
			v := openTerminal(t, i.guestCommand(said).Args)
			v.wait("it is shared")
			v.typed("echo by $((40+2)) viewers; jailsh share list; jailsh share kick it/1")
			owner.wait("by 42 viewers", "may type  since")
			v.wait("the owner has ended your view", over+"1")
			owner.typed("jailsh share stop it; jailsh share list; exit")
			owner.wait("you share nothing", over+"0")

			if got := i.sh("bob", "ls /run; command -v jailsh; env | grep JAILSH; true"); got != "" {
				t.Errorf("bob has %q", got)
			}
			if o := i.ssh("alice", "--", "jailsh share"); o.code != 1 || !strings.Contains(o.err, "can't be shared from within: JAILSH_SOCKET isn't set") {
				t.Errorf("without a terminal: %+v", o)
			}
			if o := i.jailsh("explain", "alice"); !strings.Contains(o.out, "/run/jailsh/jailsh  bind") {
				t.Errorf("explained as\n%s", o.out)
			}
		})
	}
}
