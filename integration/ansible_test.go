package integration

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// What Ansible does: one connection that it keeps (ControlPersist), modules that
// it copies and runs with the jail's python, or, with pipelining, that it pipes
// into it. The second run finds that nothing is left to do, so what the first one
// wrote is there.
func TestAnsible(t *testing.T) {
	t.Parallel()
	i := newInstance(t)
	i.withHostsPrograms()
	i.start()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"inventory":     "jail ansible_host=127.0.0.1 ansible_user=alice ansible_python_interpreter=/usr/bin/python3\n",
		"play.yml":      playbook,
		"greeting.j2":   "hello {{ ansible_user_id }} of {{ ansible_hostname }}\n",
		"files/a b.txt": "with a blank\n",
		"ansible.cfg":   "[defaults]\nhost_key_checking = True\nlocal_tmp = " + dir + "/tmp\n[ssh_connection]\ncontrol_path = " + dir + "/cp\n",
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	control := []string{"-o", "ControlMaster=auto", "-o", "ControlPersist=60s"}
	t.Cleanup(func() { i.ssh("alice", "-o", "ControlPath="+dir+"/cp", "-O", "exit") })
	for _, round := range []struct{ pipelining, changed string }{{"False", "changed=6"}, {"True", "changed=0"}} {
		c := command(t, "ansible-playbook", "-i", "inventory", "play.yml")
		c.Dir = dir
		c.Env = append(c.Env, "ANSIBLE_CONFIG="+dir+"/ansible.cfg", "ANSIBLE_PIPELINING="+round.pipelining, "HOME="+dir,
			"ANSIBLE_SSH_ARGS="+strings.Join(append(control, i.options("alice")...), " "))
		o := runCommand(t, nil, c)
		if recap := regexp.MustCompile(`(?m)^jail .*`).FindString(o.out); o.code != 0 || !strings.Contains(recap, round.changed) || strings.Contains(o.err, "mechanism failed") {
			t.Fatalf("pipelining %s: status %d, want %s\n%s\n%s", round.pipelining, o.code, round.changed, o.out, o.err)
		}
	}
	want := "hello alice of jail\nwith a blank\n640 dir/a b.txt\ndir/a b.txt\nlines: 2"
	if got := i.sh("alice", `cat greeting "dir/a b.txt"; stat -c '%a %n' dir/*; readlink dir-link; cat counted`); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

const playbook = `
- hosts: jail
  tasks:
    - file: {path: dir, state: directory, mode: "0700"}
    - copy: {src: "a b.txt", dest: "dir/a b.txt", mode: "0640"}
    - template: {src: greeting.j2, dest: greeting}
    - file: {path: dir-link, src: dir/a b.txt, state: link, force: true}
    - command:
        argv: [python3, -c, "open('made', 'w').write('1\\n2\\n')"]
        creates: made
    - shell: {cmd: 'echo "lines: $(wc -l <made)" >counted', creates: counted}
    - command: id -un
      register: who
      changed_when: false
    - assert: {that: "who.stdout == 'alice'"}
    - command: "false"
      register: refused
      failed_when: refused.rc != 1
      changed_when: false
`
