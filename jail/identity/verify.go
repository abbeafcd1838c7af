package identity

import (
	"errors"
	"fmt"
	"slices"

	"golang.org/x/sys/unix"
)

// Verify reads everything back that Drop has set, and tries to become root
// again. Any difference is an error: a protection that isn't there must stop
// the login.
func Verify(id Identity) error {
	return errors.Join(verifyIDs(id), verifyCapabilities(), verifyNoWayBack())
}

func verifyIDs(id Identity) error {
	ruid, euid, suid := unix.Getresuid()
	rgid, egid, sgid := unix.Getresgid()
	for _, u := range []int{ruid, euid, suid} {
		if u != int(id.UID) {
			return fmt.Errorf("a uid is %d instead of %d", u, id.UID)
		}
	}
	for _, g := range []int{rgid, egid, sgid} {
		if g != int(id.GID) {
			return fmt.Errorf("a gid is %d instead of %d", g, id.GID)
		}
	}
	have, err := unix.Getgroups()
	if err != nil {
		return err
	}
	want := make([]int, len(id.Groups))
	for i, g := range id.Groups {
		want[i] = int(g)
	}
	slices.Sort(have)
	slices.Sort(want)
	if !slices.Equal(have, want) {
		return fmt.Errorf("groups are %v instead of %v", have, want)
	}
	return nil
}

func verifyCapabilities() error {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var sets [2]unix.CapUserData
	if err := unix.Capget(&header, &sets[0]); err != nil {
		return err
	}
	if sets != [2]unix.CapUserData{} {
		return fmt.Errorf("capabilities are left: %+v", sets)
	}
	for c := range uintptr(lastCap) {
		has, err := unix.PrctlRetInt(unix.PR_CAPBSET_READ, c, 0, 0, 0)
		if err == unix.EINVAL {
			break
		}
		if err != nil || has != 0 {
			return fmt.Errorf("capability %d is left in the bounding set", c)
		}
	}
	return nil
}

func verifyNoWayBack() error {
	if on, err := unix.PrctlRetInt(unix.PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0); err != nil || on != 1 {
		return errors.New("no_new_privs is not set")
	}
	if on, err := unix.PrctlRetInt(unix.PR_GET_DUMPABLE, 0, 0, 0, 0); err != nil || on != 0 {
		return errors.New("the process is dumpable")
	}
	if _, _, errno := unix.RawSyscall(unix.SYS_SETRESUID, 0, 0, 0); errno != unix.EPERM {
		return fmt.Errorf("setresuid(0) answered %v instead of EPERM", errno)
	}
	return nil
}
