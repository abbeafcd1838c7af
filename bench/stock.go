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
	host, port, err := net.SplitHostPort(srv.addr)
	if err != nil {
		return nil, err
	}
	args := append([]string{
		"-F", "none", "-p", port, "-i", srv.site.keyFile,
		"-o", "IdentitiesOnly=yes", "-o", "IdentityAgent=none", "-o", "BatchMode=yes",
		"-o", "StrictHostKeyChecking=yes", "-o", "UserKnownHostsFile=" + srv.knownHosts,
	}, options...)
	cmd := exec.CommandContext(ctx, "ssh", append(args, user+"@"+host, remote)...)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + srv.site.dir}
	return cmd, nil
}
