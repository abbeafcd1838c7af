package check

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"

	"github.com/jailsh/jailsh/internal/config"
	"github.com/jailsh/jailsh/internal/instance"
	"github.com/jailsh/jailsh/internal/strict"
)

// server looks at what jailsh.toml says about the host.
func server(cfg *config.Config, daemon int) strict.Problems {
	var found strict.Problems
	at := readSource(cfg.File)
	for i, addr := range cfg.Listen {
		if what, fix := checkListen(addr, daemon); what != "" {
			found = append(found, at.element(what, fix, "listen", i))
		}
	}
	for i, path := range cfg.HostKeys {
		if _, p := instance.LoadHostKey(path); p != nil {
			found = append(found, at.element(fmt.Sprintf("%q %s", path, p.What), p.Fix, "host_keys", i))
		}
	}
	for _, dir := range []struct{ key, path string }{
		{"homes", cfg.Homes}, {"templates", cfg.Templates}, {"totp", cfg.TOTP}, {"run_dir", cfg.RunDir}, {"logs", cfg.Logs},
	} {
		if what, fix := checkDir(dir.path, cfg.File); what != "" {
			found = append(found, at.problem(fmt.Sprintf("%q %s", dir.path, what), fix, dir.key))
		}
	}
	if name, taken := hostAccount(cfg.NetUID); taken {
		found = append(found, at.problem(fmt.Sprintf("%d is the host's account %s, who could then reach into jailsh-net", cfg.NetUID, name),
			"choose a number that nobody has", "net_uid"))
	}
	return inOrder(found)
}

// checkDir looks at a folder of the instance. jailshd makes a missing one, but
// not the one above it. In its path no symbolic link may be: jailsh-init follows
// none.
func checkDir(path, config string) (what, fix string) {
	real, err := filepath.EvalSymlinks(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if above, err := os.Stat(filepath.Dir(path)); err == nil && above.IsDir() {
			return "", ""
		}
		return "doesn't exist, nor does the folder above it", "run: jailsh init " + filepath.Dir(config)
	case err != nil:
		return err.Error(), "see to the file system"
	case real != path:
		return "leads through a symbolic link", fmt.Sprintf("write %q", real)
	}
	info, err := os.Lstat(path)
	if err != nil {
		return err.Error(), "see to the file system"
	}
	if !info.IsDir() {
		return "is no folder", "move it away"
	}
	if owner := ownerOf(info); owner != 0 && int(owner) != os.Geteuid() {
		return fmt.Sprintf("belongs to uid %d, who could exchange what is in it", owner), fmt.Sprintf("run: chown %d %s", os.Geteuid(), path)
	}
	if mode := info.Mode().Perm(); mode&0o022 != 0 {
		return fmt.Sprintf("is writable by others (mode %04o)", mode), "run: chmod go-w " + path
	}
	return "", ""
}

func ownerOf(info fs.FileInfo) uint32 {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return st.Uid
	}
	return ^uint32(0)
}

// hostAccount is who has the uid in the host's passwd(5). An account that was
// made for jailsh-net is nobody.
func hostAccount(uid uint32) (name string, taken bool) {
	u, err := user.LookupId(strconv.FormatUint(uint64(uid), 10))
	if err != nil {
		return "", false
	}
	return u.Username, u.Username != "jailsh" && u.Username != "_jailsh" && u.Username != "jailsh-net"
}

// stale advises a restart for keys that the daemon took at its start.
func (r *Report) stale(cfg *config.Config, keys []string) {
	at := readSource(cfg.File)
	for _, key := range keys {
		r.Advice = append(r.Advice, at.problem("the jailshd that runs has another value", "restart it when it suits; that ends all cells", key))
	}
}
