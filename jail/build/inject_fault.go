//go:build faultinject

package build

import (
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// perform does one step, or what the host name asks for instead:
//
//	fail-proc           the step fails
//	weak-mask.seccomp   the steps are left out, with what would notice: verify
//
// Beside steps, weak takes the names of weaknesses, below. Tests make jails so to
// see that each attack of jailsh-probe can succeed. Since it is the plan that says
// so, it is waited for before the first step.
func (j *jail) perform(s step) error {
	if err := j.awaitPlan(); err != nil {
		return err
	}
	if j.spec.Hostname == "fail-"+s.name {
		return unix.EIO
	}
	names, isWeak := strings.CutPrefix(j.spec.Hostname, "weak-")
	if !isWeak {
		return s.do(j)
	}
	weak := strings.Split(names, ".")
	do := s.do
	if s.name == "verify" || slices.Contains(weak, s.name) {
		do = func(*jail) error { return nil }
	}
	for _, w := range weaknesses {
		if w.step == s.name && slices.Contains(weak, w.name) {
			if w.before != nil {
				if err := w.before(j); err != nil {
					return err
				}
			}
			if w.instead != nil {
				do = w.instead
			}
		}
	}
	return do(j)
}
