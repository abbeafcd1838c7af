package sshd

import (
	"context"
	"errors"
	"io"
	"net/netip"
	"os"
	"strings"
	"time"

	"github.com/jailsh/jailsh/internal/wire"
)

// maxAnswer is what is read of an applet's answer, in bytes: eight addresses and
// some room.
const maxAnswer = 512

// dialHost connects to a host in the cell. PID 1 knows localhost and addresses; a
// name is looked up in the cell, as the user, by an applet, and its addresses are
// tried in turn.
func (c *connection) dialHost(ctx context.Context, user string, to wire.Address) (*os.File, error) {
	if owner := ownerOf(to); owner != "" {
		return c.server.dialShared(ctx, owner, to.Port)
	}
	if to.Path != "" || !isName(to.Host) {
		return c.dial(ctx, user, to)
	}
	addresses, err := c.resolve(ctx, user, to.Host)
	if err != nil {
		return nil, err
	}
	err = &wire.Failure{Text: "name or service not known"} // in the words of getaddrinfo(3)
	for _, a := range addresses {
		var socket *os.File
		to.Host = a.String()
		if socket, err = c.dial(ctx, user, to); err == nil {
			return socket, nil
		}
	}
	return nil, err
}

// isName reports whether a host has to be looked up.
func isName(host string) bool {
	_, err := netip.ParseAddr(host)
	return err != nil && !strings.EqualFold(strings.TrimSuffix(host, "."), "localhost")
}

// resolve asks for the addresses of a name.
func (c *connection) resolve(ctx context.Context, user, name string) ([]netip.Addr, error) {
	var p *Process
	err := c.inCell(ctx, user, func(cell Cell) (err error) {
		p, err = cell.Spawn(ctx, &wire.Spawn{Program: wire.ProgramResolve, Args: []string{name}})
		return err
	})
	if err != nil {
		return nil, err
	}
	defer p.close()
	stop := context.AfterFunc(ctx, func() { _ = p.Stdout.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	text, err := io.ReadAll(io.LimitReader(p.Stdout, maxAnswer))
	if errors.Is(err, os.ErrDeadlineExceeded) {
		err = ctx.Err()
	}
	if err != nil {
		return nil, err
	}
	var addresses []netip.Addr
	for line := range strings.Lines(string(text)) {
		a, err := netip.ParseAddr(strings.TrimSpace(line))
		if err != nil {
			break
		}
		addresses = append(addresses, a)
	}
	return addresses, nil
}
