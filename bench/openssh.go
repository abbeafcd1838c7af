package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// privsepDir is the empty directory that Debian's sshd wants; its service makes it.
const privsepDir = "/run/sshd"

// startOpenSSH starts the host's sshd, which changes into the users' root.
func startOpenSSH(ctx context.Context, s *site) (*server, error) {
	return s.startSSHD(ctx, "openssh", "ChrootDirectory "+s.chroot())
}

// startSSHD starts the host's sshd with a configuration of its own. What is not named
// there is as OpenSSH has it.
func (s *site) startSSHD(ctx context.Context, name, more string) (*server, error) {
	hostKey := filepath.Join(s.dir, "sshd_host_key")
	if _, err := os.Stat(hostKey); errors.Is(err, os.ErrNotExist) {
		if err := command(ctx, "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", hostKey); err != nil {
			return nil, err
		}
	}
	addr, port, err := freePort()
	if err != nil {
		return nil, err
	}
	// The start-up limits are jailsh's, since its 16 clients would meet sshd's.
	config := fmt.Sprintf(`ListenAddress 127.0.0.1
Port %s
HostKey %s
PidFile none
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
AuthorizedKeysFile %s.pub
%s
Subsystem sftp internal-sftp
PrintMotd no
PrintLastLog no
MaxStartups 100:30:400
`, port, hostKey, s.keyFile, more)
	configFile := filepath.Join(s.dir, name+".sshd_config")
	if err := os.WriteFile(configFile, []byte(config), 0o600); err != nil {
		return nil, err
	}
	madeDir := os.Mkdir(privsepDir, 0o755) == nil
	cmd := exec.Command("/usr/sbin/sshd", "-D", "-e", "-f", configFile)
	srv, err := s.start(ctx, cmd, name, addr, hostKey)
	if err != nil {
		return nil, err
	}
	srv.user, srv.coldUser = accountName, accountName
	srv.idle = 1
	srv.cleanup = func() {
		if madeDir {
			_ = os.Remove(privsepDir) // not empty: somebody else's by now
		}
	}
	return srv, nil
}

// packageVersion is the version of a package of Debian's.
func packageVersion(name string) string {
	out, err := exec.Command("dpkg-query", "-W", "-f", "${Version}", name).Output()
	if err != nil {
		return "unknown"
	}
	return string(out)
}
