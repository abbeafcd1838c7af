package main

import (
	"context"
	"net"
	"os"
	"os/exec"
)

// stock is ssh(1), with nobody's configuration, about to run a command; options
// are further words for ssh.
func (srv *server) stock(ctx context.Context, user, remote string, options ...string) (*exec.Cmd, error) {
	return srv.client(ctx, "ssh", user, options, remote)
}

// client is a program of OpenSSH's clients, with nobody's configuration, about to
// log in.
func (srv *server) client(ctx context.Context, program, user string, options []string, words ...string) (*exec.Cmd, error) {
	host, port, err := net.SplitHostPort(srv.addr)
	if err != nil {
		return nil, err
	}
	args := append([]string{
		"-F", "none", "-o", "Port=" + port, "-i", srv.site.keyFile,
		"-o", "IdentitiesOnly=yes", "-o", "IdentityAgent=none", "-o", "BatchMode=yes",
		"-o", "StrictHostKeyChecking=yes", "-o", "UserKnownHostsFile=" + srv.knownHosts,
	}, options...)
	args = append(append(args, user+"@"+host), words...)
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + srv.site.dir}
	return cmd, nil
}
