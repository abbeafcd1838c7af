package integration

import (
	"slices"
	"strings"
	"testing"
)

func TestWhatTheClientMaySet(t *testing.T) {
	t.Parallel()
	i := newInstance(t)
	i.person("alice").table = `env = { COLOR = "blue", LC_TIME = "C" }`
	i.person("bob").table = `accept_env = ["*"]`
	i.start()
	set := "SetEnv=LANG=C LC_TEST=1 LC_TIME=de_DE COLOR=red OTHER=1 LD_PRELOAD=/tmp/x.so LD_AUDIT=/tmp/x.so " +
		"BASH_ENV=/tmp/x ENV=/tmp/x PATH=/tmp PS4=x GCONV_PATH=/tmp HOME=/tmp SHELL=/tmp/x USER=root SSH_TTY=x"
	for _, c := range []struct {
		name       string
		want, deny []string
	}{
		{"alice", []string{"LANG=C", "LC_TEST=1", "LC_TIME=C", "COLOR=blue"}, []string{"OTHER"}},
		{"bob", []string{"LANG=C", "LC_TEST=1", "LC_TIME=de_DE", "COLOR=red", "OTHER=1"}, nil},
	} {
		o := i.ssh(c.name, "-o", set, "--", "env")
		env := strings.Split(strings.TrimSpace(o.out), "\n")
		for _, want := range append(c.want, "HOME=/home/"+c.name, "SHELL=/bin/bash", "USER="+c.name, "LOGNAME="+c.name, "PATH=/usr/local/bin:/usr/bin:/bin") {
			if !slices.Contains(env, want) {
				t.Errorf("%s: no %s in %q", c.name, want, env)
			}
		}
		for _, deny := range append(c.deny, "LD_PRELOAD", "LD_AUDIT", "BASH_ENV", "ENV", "PS4", "GCONV_PATH", "SSH_TTY") {
			if slices.ContainsFunc(env, func(e string) bool { return strings.HasPrefix(e, deny+"=") }) {
				t.Errorf("%s: %s was set: %q", c.name, deny, env)
			}
		}
	}
}

func TestWhatTheServerTells(t *testing.T) {
	t.Parallel()
	i := start(t)
	got := strings.Fields(i.sh("alice", "echo $SSH_CONNECTION; echo $SSH_CLIENT; echo ${LANG}"))
	_, port, _ := strings.Cut(i.listen, ":")
	if len(got) != 8 || got[0] != "127.0.0.1" || got[2] != "127.0.0.1" || got[3] != port || got[6] != port || got[1] != got[5] || got[7] != "C.UTF-8" {
		t.Errorf("SSH_CONNECTION, SSH_CLIENT, LANG: %q", got)
	}
}
