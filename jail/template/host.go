package template

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/jailsh/jailsh/jail/rootfs"
)

// hostProfile names what a template of kind Host has of its own: an /etc that
// says nothing of the host, its users or its secrets.
const hostProfile = "host"

// hostFolders returns which of the host's top entries a template of kind Host
// binds: /usr, and what a host without a merged /usr has beside it. Links among
// them are made again (topLinks). /opt isn't one of them: what is there brings its
// own configuration and data, which nobody meant for every user; `mounts` of
// users.toml can name what is wanted of it.
func hostFolders(host rootfs.Tree) ([]string, error) {
	var bound []string
	for _, p := range append([]string{"/usr"}, topLinks()...) {
		info, err := host.Lstat(p)
		switch {
		case errors.Is(err, fs.ErrNotExist) && p != "/usr":
		case err != nil:
			return nil, fmt.Errorf("%s: %w", p, rootfs.Cause(err))
		case info.IsDir():
			bound = append(bound, strings.TrimPrefix(p, "/"))
		}
	}
	return bound, nil
}
