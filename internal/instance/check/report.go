package check

import "github.com/jailsh/jailsh/internal/strict"

// Report is what was found.
type Report struct {
	// Problems keep the instance, or somebody of it, from working, or let somebody
	// change what only the administrator may.
	Problems strict.Problems
	// Advice is about what jailsh works without: a wall of the host's behind one of
	// jailsh's own, or what will be a problem soon.
	Advice strict.Problems
}

// problem adds one at a place of the host: the kernel, a sysctl, a path.
func (r *Report) problem(where, what, fix string) {
	r.Problems = append(r.Problems, &strict.Problem{File: where, What: what, Fix: fix})
}

func (r *Report) advise(where, what, fix string) {
	r.Advice = append(r.Advice, &strict.Problem{File: where, What: what, Fix: fix})
}
