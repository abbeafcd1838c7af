package main

import (
	"context"
	"fmt"
	"net"
	"time"

	"golang.org/x/crypto/ssh"
)

// dial logs in with a client that costs the machine less than ssh(1) does. Its
// algorithms are ones that both servers have, so that both do the same work.
func (srv *server) dial(ctx context.Context) (*ssh.Client, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", srv.addr)
	if err != nil {
		return nil, err
	}
	if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		return nil, err
	}
	return srv.handshake(conn, srv.user, ssh.PublicKeys(srv.site.key))
}

// handshake logs in on a connection, which it closes if nothing comes of it.
func (srv *server) handshake(conn net.Conn, user string, auth ...ssh.AuthMethod) (*ssh.Client, error) {
	config := &ssh.ClientConfig{User: user, Auth: auth, HostKeyCallback: ssh.FixedHostKey(srv.hostKey)}
	config.KeyExchanges = []string{ssh.KeyExchangeCurve25519}
	config.Ciphers = []string{ssh.CipherAES128GCM}
	c, channels, requests, err := ssh.NewClientConn(conn, srv.addr, config)
	if err != nil {
		conn.Close()
		return nil, srv.wrap(err)
	}
	return ssh.NewClient(c, channels, requests), nil
}

// login logs in, runs true, and logs out.
func (srv *server) login(ctx context.Context) error {
	c, err := srv.dial(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	session, err := c.NewSession()
	if err != nil {
		return srv.wrap(err)
	}
	if err := session.Run("true"); err != nil {
		return srv.wrap(fmt.Errorf("true: %w", err))
	}
	return nil
}
