package build

import (
	"os"
	"path/filepath"
	"testing"
)

func TestAProtectionFromTheOOMKillerIsGivenUp(t *testing.T) {
	t.Parallel()
	for before, after := range map[string]string{"-1000\n": "0", "-1\n": "0", "0\n": "0\n", "500\n": "500\n"} {
		file := filepath.Join(t.TempDir(), "oom_score_adj")
		if err := os.WriteFile(file, []byte(before), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := raiseOOM(file); err != nil {
			t.Error(err)
		}
		if got, err := os.ReadFile(file); err != nil || string(got) != after {
			t.Errorf("%q became %q, want %q (%v)", before, got, after, err)
		}
	}
}
