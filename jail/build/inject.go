//go:build !faultinject

package build

// perform does one step. In the build that tests make it can be made to fail, or
// be left out: see inject_fault.go.
func (j *jail) perform(s step) error { return s.do(j) }
