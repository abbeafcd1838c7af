//go:build faultinject

package build

import (
	"github.com/jailsh/jailsh/internal/wire"
	"golang.org/x/sys/unix"
)

// injected fails the step that the host name asks for, as in "fail-proc".
func injected(spec *wire.Spec, step string) error {
	if spec.Hostname == "fail-"+step {
		return unix.EIO
	}
	return nil
}
