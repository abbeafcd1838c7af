package identity

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
)

// leaveOut asks the test binary, run again, to drop everything but one step, and
// to say what Verify thinks of it.
const leaveOut = "IDENTITY_TEST_LEAVE_OUT"

func TestMain(m *testing.M) {
	if out, ok := os.LookupEnv(leaveOut); ok {
		os.Exit(dropAllBut(out))
	}
	os.Exit(m.Run())
}

func dropAllBut(left string) int {
	runtime.LockOSThread()
	id := Identity{UID: 20001, GID: 20002, Groups: []uint32{20003, 20004}}
	for _, s := range steps {
		if s.name == left {
			continue
		}
		if err := s.do(id); err != nil {
			fmt.Println("drop:", s.name, err)
			return 2
		}
	}
	if err := Verify(id); err != nil {
		fmt.Println("verify:", err)
		return 1
	}
	fmt.Println("verified")
	return 0
}

func TestVerifyMissesNothing(t *testing.T) {
	t.Parallel()
	if got := dropInChild(t, "nothing"); got != "verified" {
		t.Fatalf("with all steps: %s", got)
	}
	for _, s := range steps {
		// Becoming another user has the kernel do these too (capabilities(7),
		// PR_SET_DUMPABLE): without them nothing is left to see.
		if s.name == "prctl(PR_CAP_AMBIENT)" || s.name == "capset" || s.name == "prctl(PR_SET_DUMPABLE)" {
			continue
		}
		if got := dropInChild(t, s.name); !strings.HasPrefix(got, "verify: ") && !strings.HasPrefix(got, "drop: ") {
			t.Errorf("without %s: %s", s.name, got)
		}
	}
}

func dropInChild(t *testing.T, left string) string {
	t.Helper()
	c := exec.Command("/proc/self/exe")
	c.Env = append(os.Environ(), leaveOut+"="+left)
	out, _ := c.Output()
	return strings.TrimSpace(string(out))
}
