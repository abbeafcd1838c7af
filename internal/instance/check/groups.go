package check

import "github.com/jailsh/jailsh/jail/cgroup"

// groups are the cgroups as the jailshd that runs has them, or as one would that is
// started from here: which controllers it gets depends on its place in the tree.
func (r *Report) groups(daemon int) *cgroup.Host {
	find := cgroup.Find
	if daemon != 0 {
		find = func() (*cgroup.Host, error) { return cgroup.FindOf(daemon) }
	}
	host, err := find()
	if err != nil {
		what, fix := split(err.Error())
		r.problem("kernel", what, fix)
		return nil
	}
	return host
}
