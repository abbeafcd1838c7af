package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// verdict is what became of an attack, from good to bad.
type verdict string

const (
	isAbsent verdict = "absent"
	isHeld   verdict = "held"
	isBroken verdict = "BROKEN"
)

// worseThan is the order of the three.
func (v verdict) worseThan(w verdict) bool {
	return v != w && (v == isBroken || w == isAbsent)
}

// outcome is a verdict with its reason, of one line.
type outcome struct {
	verdict verdict
	detail  string
}

func held(format string, a ...any) outcome   { return outcome{isHeld, fmt.Sprintf(format, a...)} }
func broken(format string, a ...any) outcome { return outcome{isBroken, fmt.Sprintf(format, a...)} }
func absent(format string, a ...any) outcome { return outcome{isAbsent, fmt.Sprintf(format, a...)} }

// refused is for what must not succeed: any error will do.
func (p *probe) refused(what string, err error) outcome {
	switch {
	case err == nil:
		return broken("%s worked", what)
	case errors.Is(err, unix.ENOSYS) && !p.filtered:
		return absent("%s: %v", what, err)
	}
	return held("%s: %v", what, err)
}

// unreached is for system calls that must not be looked at by the kernel: only
// what a filter or the check of a capability answers will do. An error about the
// arguments says that there is neither.
func (p *probe) unreached(what string, err error) outcome {
	switch {
	case err == nil:
		return broken("%s worked", what)
	case errors.Is(err, unix.ENOSYS) && !p.filtered:
		return absent("%s: %v", what, err)
	case errors.Is(err, unix.EPERM), errors.Is(err, unix.EACCES), errors.Is(err, unix.ENOSYS):
		return held("%s: %v", what, err)
	}
	return broken("%s: the kernel looked at its arguments: %v", what, err)
}

// worst is the worst of several; of equally bad ones the first. The details of
// all that are BROKEN are kept.
func worst(all ...outcome) outcome {
	if len(all) == 0 {
		return absent("nothing to try")
	}
	w := all[0]
	for _, o := range all[1:] {
		switch {
		case o.verdict.worseThan(w.verdict):
			w = o
		case o.verdict == isBroken && w.verdict == isBroken:
			w.detail += "; " + o.detail
		}
	}
	return w
}

// filtered tells whether a seccomp filter is there: then ENOSYS may be its answer
// and not the kernel's.
func filtered() bool {
	return strings.Contains(textOf("/proc/self/status"), "\nSeccomp:\t2\n")
}

// textOf is what can be read of a file, up to 1 MiB, or "".
func textOf(path string) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	b := make([]byte, 1<<20)
	n := 0
	for n < len(b) {
		m, err := f.Read(b[n:])
		n += m
		if err != nil || m == 0 {
			break
		}
	}
	return string(b[:n])
}
