package main

import (
	"context"
	"errors"
	"net"
	"path/filepath"

	"golang.org/x/crypto/ssh"
)

// startShared starts jailsh with a terminal that is shared. Viewers have its token and
// no account.
func startShared(ctx context.Context, s *site) (*stage, error) {
	srv, err := startJailsh(ctx, s)
	if err != nil {
		return nil, err
	}
	srv.user = liveUser
	st := &stage{server: srv}
	if err := st.share(ctx); err != nil {
		st.close()
		return nil, err
	}
	return st, nil
}

func (st *stage) share(ctx context.Context) (err error) {
	if err := st.loginStock(ctx, st.user); err != nil { // makes the home
		return err
	}
	if st.feed, err = newFeed(filepath.Join(st.site.instance(), "homes", st.user)); err != nil {
		return err
	}
	if err := st.open(ctx, stageProgram+"feed"); err != nil {
		return err
	}
	session, err := st.owner.client.NewSession()
	if err != nil {
		return st.wrap(err)
	}
	line, err := session.Output("@share")
	if err != nil {
		return st.wrap(err)
	}
	st.token = firstSubmatch(line, `(\w+)@`)
	if st.token == "unknown" {
		return errors.New("@share prints no token")
	}
	st.enter = func(conn net.Conn) (*ssh.Client, error) { return st.handshake(conn, st.token) }
	return nil
}
