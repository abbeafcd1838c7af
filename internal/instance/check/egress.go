package check

import (
	"os"

	"github.com/jailsh/jailsh/internal/instance"
	"github.com/jailsh/jailsh/internal/strict"
	"github.com/jailsh/jailsh/jail/egress"
	"github.com/jailsh/jailsh/users"
)

// wayOut looks at what a jail with network = "egress" needs of the host, if a user
// has one.
func wayOut(i *instance.Instance) strict.Problems {
	wanted := false
	for _, name := range i.Users.Names() {
		u, _ := i.Users.User(name)
		wanted = wanted || u.Network == users.NetworkEgress
	}
	if !wanted || os.Geteuid() != 0 { // who isn't root has been told so
		return nil
	}
	var found strict.Problems
	at := readSource(i.Config.File)
	for _, err := range egress.New(i.Config.RunDir, i.Egress()).Check() {
		what, fix := split(err.Error())
		found = append(found, at.problem(what, fix, "egress_addresses"))
	}
	return found
}
