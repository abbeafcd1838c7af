package sshd

import (
	"testing"

	"go.uber.org/goleak"
)

// TestMain fails when a test leaves a goroutine behind, of ours or of a library.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
