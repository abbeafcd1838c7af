package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"os/user"
	"strconv"
	"time"
)

const (
	accountName = "jailsh-bench"
	accountNote = "made by make bench of jailsh"
)

// account is the user of the host that sshd lets in.
type account struct{ uid, gid int }

// addAccount makes the account; one that a killed run left is used again.
func addAccount(ctx context.Context) (*account, error) {
	u, err := user.Lookup(accountName)
	if unknown := user.UnknownUserError(""); errors.As(err, &unknown) {
		// With * for a password: sshd refuses an account that is locked by !.
		err = command(ctx, "useradd", "--system", "--user-group", "--no-create-home", "--home-dir", "/home/"+accountName,
			"--shell", "/bin/bash", "--password", "*", "--comment", accountNote, accountName)
		if err != nil {
			return nil, err
		}
		u, err = user.Lookup(accountName)
	}
	if err != nil {
		return nil, err
	}
	if u.Name != accountNote {
		return nil, fmt.Errorf("this host has a user %s of its own, %q - rename it", accountName, u.Name)
	}
	a := &account{}
	var errGID error
	a.uid, err = strconv.Atoi(u.Uid)
	a.gid, errGID = strconv.Atoi(u.Gid)
	return a, errors.Join(err, errGID)
}

// remove waits for the account's last process, which userdel(8) insists on. It
// takes no context: it runs when that has ended.
func (a *account) remove() error {
	var out []byte
	var err error
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for range 100 {
		if out, err = exec.Command("userdel", accountName).CombinedOutput(); err == nil {
			return nil
		}
		<-tick.C
	}
	return fmt.Errorf("userdel: %w: %s - run: userdel -f %s", err, out, accountName)
}
