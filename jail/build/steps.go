package build

import (
	"fmt"

	"github.com/jailsh/jailsh/internal/landlock"
	"github.com/jailsh/jailsh/internal/wire"
	"github.com/jailsh/jailsh/jail/identity"
	"golang.org/x/sys/unix"
)

// step is one named part of the work. Its error needs no name of the step.
type step struct {
	name string
	do   func(*jail) error
}

// steps is the whole of what makes a jail, in order. What comes before the plan
// is the same in each jail, and done before anybody has asked for one.
var steps = []step{
	{"cgroup", (*jail).hideCgroup},       // its path on the host
	{"private", (*jail).makePrivate},     // own mounts: no event leaves or enters
	{"root", (*jail).makeRoot},           // a tmpfs of root's to build on
	{"dev", (*jail).makeDev},             // ten nodes and links
	{"proc", (*jail).mountProc},          // of the own PID namespace
	{"mask", (*jail).maskProc},           // what in /proc is the host's
	{"pivot", (*jail).pivot},             // the host's tree is gone
	{"keyring", (*jail).newKeyring},      // none of the host's session keys
	{"oom", (*jail).resetOOM},            // killed no later than others
	{"loopback", (*jail).raiseLoopback},  // in the own network namespace
	{"filter", (*jail).writeFilter},      // what seccomp will load
	{"plan", (*jail).awaitPlan},          // whose jail it is to be
	{"sources", (*jail).openSources},     // clone what is bound from the host
	{"home", (*jail).openHome},           // make the home if need be, check its owner
	{"template", (*jail).placeTemplate},  // /usr, /etc, ... read-only
	{"etc", (*jail).placeFiles},          // passwd, group, hostname, hosts
	{"tmp", (*jail).placeTmpfs},          // own /tmp and /var/tmp
	{"devpts", (*jail).mountDevpts},      // an instance of its own
	{"shm", (*jail).mountShm},            // own POSIX shared memory
	{"bind-home", (*jail).placeHome},     // the home
	{"mounts", (*jail).placeBinds},       // the administrator's mounts
	{"host", (*jail).leaveHost},          // there is no way back to it
	{"hostname", (*jail).setHostname},    // in the own UTS namespace
	{"network", (*jail).raiseLink},       // the way out, if there is one
	{"read-only", (*jail).sealRoot},      // the root itself
	{"ruleset", (*jail).collectRules},    // name what can be written
	{"limits", (*jail).limit},            // of each process; jailshd sets those of all together
	{"signals", (*jail).resetSignals},    // nothing ignored or blocked
	{"descriptors", (*jail).markCloexec}, // none but the control socket survives exec
	{"identity", (*jail).becomeUser},     // ids, groups, no capability, no_new_privs
	{"skel", (*jail).copySkel},           // fill a home that was just made, as the user
	{"verify", (*jail).verify},           // try what must not work
	{"landlock", (*jail).restrictWrites}, // nothing else can
	{"seccomp", (*jail).filterCalls},     // calls that nobody in a jail needs
}

// jail is the state between the steps: descriptors of what the next ones need.
type jail struct {
	ownNetwork bool
	plan       func() (*wire.Spec, error)
	spec       *wire.Spec // nil before the plan is there
	who        identity.Identity
	host       host
	own        int            // the own mount namespace
	root       int            // the new root
	sources    map[string]int // detached clones by target
	rules      *landlock.Ruleset
	filter     []unix.SockFilter
}

// Run builds a jail in the namespaces of the calling process, and its own mount
// and cgroup namespaces. plan, which may wait, says whose. The caller has locked
// its thread, and exits after an error.
func Run(ownNetwork bool, plan func() (*wire.Spec, error)) error {
	unix.Umask(0) // modes below are meant as they are written
	j := &jail{ownNetwork: ownNetwork, plan: plan, sources: map[string]int{}}
	for i, s := range steps {
		if err := j.perform(s); err != nil {
			// Before the plan is there, there is nobody to tell.
			if planErr := j.awaitPlan(); planErr != nil {
				return planErr
			}
			return fmt.Errorf("jail %s: step %d/%d %s: %w", j.spec.User, i+1, len(steps), s.name, err)
		}
	}
	return nil
}

// awaitPlan learns what the jail is to be.
func (j *jail) awaitPlan() error {
	if j.spec != nil {
		return nil
	}
	spec, err := j.plan()
	if err != nil {
		return err
	}
	j.spec, j.who = spec, identity.Identity{UID: spec.UID, GID: spec.GID}
	for _, g := range spec.Groups {
		j.who.Groups = append(j.who.Groups, g.GID)
	}
	return nil
}

// Names lists the steps, in order.
func Names() []string {
	names := make([]string, len(steps))
	for i, s := range steps {
		names[i] = s.name
	}
	return names
}
