package build

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/jailsh/jailsh/internal/wire"
)

// weakly asks the test binary, run again as root in namespaces of its own, to
// make one attempt there, or what verify itself says.
const weakly = "BUILD_TEST_WEAKLY"

func TestMain(m *testing.M) {
	if how, ok := os.LookupEnv(calling); ok {
		makeCalls(how)
		syscall.Exit(0) // not os.Exit, which would write of its coverage
	}
	name, ok := os.LookupEnv(weakly)
	if !ok {
		os.Exit(m.Run())
	}
	for _, a := range attempts {
		if a.name == name {
			fmt.Println(a.try())
		}
	}
	j := &jail{spec: &wire.Spec{}}
	switch name {
	case "root":
		fmt.Println(j.verifyRoot())
	case "all":
		fmt.Println(j.verify())
	}
	syscall.Exit(0)
}

// Every attempt must be one that works where nothing forbids it: one that fails
// for another reason would never catch anything.
func TestEachAttemptWorksWithoutAJail(t *testing.T) {
	t.Parallel()
	for _, a := range attempts {
		if got := inNamespaces(t, a.name); got != "<nil>" {
			t.Errorf("%s: %s", a.name, got)
		}
	}
	for _, all := range []string{"root", "all"} {
		if got := inNamespaces(t, all); got == "<nil>" {
			t.Errorf("%s: verified", all)
		}
	}
}

func inNamespaces(t *testing.T, name string) string {
	t.Helper()
	c := exec.Command("/proc/self/exe")
	c.Env = append(os.Environ(), weakly+"="+name)
	c.Dir = "/"
	c.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWUTS}
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, left := range []string{"/.verify", "/dev/.verify", "/tmp/.verify"} {
		os.Remove(left)
	}
	return strings.TrimSpace(string(out))
}
