package check

import (
	"strings"

	"github.com/jailsh/jailsh/jail"
	"github.com/jailsh/jailsh/users"
)

// ownServer tells why sftp wouldn't work for a user who has a server of the
// template's. One in her home or in a mount is hers to put there.
func ownServer(u *users.User, t jail.Template) error {
	server := u.SFTP.Server
	if server == "" || !u.Allow.SFTP || strings.HasPrefix(server, "/home/") {
		return nil
	}
	for _, m := range u.Mounts {
		if strings.HasPrefix(server, strings.TrimSuffix(m.Target, "/")+"/") {
			return nil
		}
	}
	return t.Program(server)
}
