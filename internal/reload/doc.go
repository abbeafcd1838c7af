// Package reload notices that a configuration file has changed and has it read
// again, once for each change, however it is made: written in place, replaced by
// a rename, deleted and made anew, or behind a symbolic link that is pointed
// elsewhere.
//
// Its caller is jailshd. The function it hands over parses beside what is in
// use, checks all, and swaps; if it returns an error the old configuration stays
// and the log says so, with every problem. The files and their folders belong to
// the administrator (internal/strict checks that at each load); what else happens
// in those folders costs at most one comparison of file attributes per pause.
//
// # Invariants
//
// The load function is never called twice at the same time. After Close has
// returned no goroutine of the package runs, and load will not be called again.
package reload
