package main

import "testing"

// A ticket is good for its user, its connection and its jailsh-net alone.
func TestTickets(t *testing.T) {
	t.Parallel()
	a, b := newTickets(), newTickets()
	ticket := a.ticket("alice", "0123abcd")
	if !a.good(ticket, "alice", "0123abcd") {
		t.Error("it isn't good")
	}
	for name, good := range map[string]bool{
		"of another user":       a.good(ticket, "bob", "0123abcd"),
		"of another connection": a.good(ticket, "alice", "0123abce"),
		"of another jailsh-net": b.good(ticket, "alice", "0123abcd"),
		"shifted":               a.good(ticket, "alice0", "123abcd"),
		"of none":               a.good(nil, "alice", "0123abcd"),
		"cut":                   a.good(ticket[:31], "alice", "0123abcd"),
	} {
		if good {
			t.Errorf("one %s is good", name)
		}
	}
}
