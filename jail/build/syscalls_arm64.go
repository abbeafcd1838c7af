package build

import "github.com/jailsh/jailsh/internal/seccomp"

// deniedHere are the calls that only this architecture has: it began without the
// old ones.
var deniedHere = []seccomp.Denial{}
