package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"

	"golang.org/x/crypto/ssh"
)

// lookOn has this program be many viewers, whose clients then don't stand in the way of
// the one that is measured: by address, host key, token, and what is on the screen.
const lookOn = "look-on"

// crowd is that program.
type crowd struct {
	cmd *exec.Cmd
	in  io.Closer
}

// crowd starts one, and returns once all have joined.
func (st *stage) crowd(ctx context.Context) (*crowd, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, self, lookOn, st.addr, string(ssh.MarshalAuthorizedKey(st.hostKey)), st.token, st.shown)
	cmd.Stderr = os.Stderr
	in, errIn := cmd.StdinPipe()
	out, errOut := cmd.StdoutPipe()
	if err := errors.Join(errIn, errOut); err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	c := &crowd{cmd: cmd, in: in}
	if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		return nil, errors.Join(fmt.Errorf("the viewers didn't join: %w", err), c.leave())
	}
	return c, nil
}

func (c *crowd) leave() error {
	c.in.Close()
	return c.cmd.Wait()
}

// beCrowd joins, says so, and looks on until its standard input ends.
func beCrowd(args []string) error {
	if len(args) != 4 {
		return errors.New("at what?")
	}
	hostKey, _, _, _, err := ssh.ParseAuthorizedKey([]byte(args[1]))
	if err != nil {
		return err
	}
	st := &stage{server: &server{name: "jailsh", addr: args[0], hostKey: hostKey, site: &site{dir: siteFolder}}, shown: args[3]}
	st.enter = func(conn net.Conn) (*ssh.Client, error) { return st.handshake(conn, args[2]) }
	if err := st.grow(context.Background(), manyViewers); err != nil {
		return err
	}
	for _, v := range st.viewers {
		go func() { _, _ = io.Copy(io.Discard, v.out) }() // ends with the process
	}
	fmt.Println("joined")
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}
