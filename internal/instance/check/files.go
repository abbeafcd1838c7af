package check

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/jailsh/jailsh/internal/config"
	"github.com/jailsh/jailsh/jail"
	"golang.org/x/sys/unix"
)

// files looks at who may change, and who may read, what belongs to the instance.
// Whether the two configuration files, the host keys and the folders themselves
// may be changed is reported where they are read.
func (r *Report) files(cfg *config.Config) {
	seen := map[string]bool{}
	for _, path := range append([]string{cfg.File, cfg.Users, cfg.Homes, cfg.Templates, cfg.TOTP, cfg.RunDir, cfg.Logs}, cfg.HostKeys...) {
		r.folders(path, seen)
	}
	for _, path := range []string{filepath.Join(cfg.Logs, "audit.log"), filepath.Join(cfg.RunDir, "jailshd.pid"), filepath.Join(cfg.RunDir, "jailshd.sock")} {
		if info, err := os.Lstat(path); err == nil {
			if what, fix := exchangeable(path, info); what != "" {
				r.problem(path, what, fix)
			}
		}
	}
	r.secret(cfg.Users, 0o600, "everybody on the host may read forced commands, environments and who may log in")
	r.secret(cfg.Homes, 0o711, "everybody on the host may see whose homes are there")
	r.secret(cfg.TOTP, 0o700, "everybody on the host may see who gives codes")
	r.secret(cfg.Logs, 0o700, "everybody on the host may read who did what")
	r.secret(filepath.Join(cfg.Logs, "audit.log"), 0o600, "everybody on the host may read who did what")
	r.secret(cfg.RunDir, 0o711, "it is for jailshd's sockets alone")
	for _, dir := range []struct{ key, path string }{{"homes", cfg.Homes}, {"logs", cfg.Logs}, {"templates", cfg.Templates}} {
		r.space(dir.key, dir.path)
	}
}

// A file system is nearly full when less than this part of it is left.
const littleLeft = 20 // one in

// space looks at the file system of a folder.
func (r *Report) space(key, path string) {
	var fs unix.Statfs_t
	if err := unix.Statfs(path, &fs); err != nil {
		return // missing: jailshd makes it
	}
	if fs.Flags&unix.ST_RDONLY != 0 && key != "templates" {
		r.problem(path, "is on a file system that is mounted read-only", "mount it with the option rw, or set "+key)
	}
	if fs.Blocks > 0 && fs.Bavail < fs.Blocks/littleLeft {
		r.advise(path, fmt.Sprintf("its file system is nearly full: %d MiB are left", fs.Bavail*uint64(fs.Bsize)>>20), "make room; limits.home and limits.file_size bound what a user takes")
	}
	if fs.Files > 0 && fs.Ffree < fs.Files/littleLeft {
		r.advise(path, fmt.Sprintf("its file system is nearly out of inodes: %d are left", fs.Ffree), "remove small files; limits.home bounds how many a user has")
	}
}

// programs looks at the programs beside jailshd: those of the jailshd that runs,
// or else those in dir.
func (r *Report) programs(daemon int, dir string) {
	if daemon != 0 {
		exe, err := os.Readlink(filepath.Join("/proc", strconv.Itoa(daemon), "exe"))
		if err != nil {
			return // not ours to look at, or just ended
		}
		own, replaced := strings.CutSuffix(exe, " (deleted)")
		if replaced {
			r.advise(own, "was replaced since jailshd was started from it", "restart jailshd when it suits; that ends all cells")
		}
		dir = filepath.Dir(own)
	}
	if _, err := os.Lstat(filepath.Join(dir, "jailshd")); err != nil {
		return // jailsh is installed alone
	}
	seen := map[string]bool{}
	for _, name := range []string{"jailshd", "jailsh-net", "jailsh-init", "jailsh-applet"} {
		path := filepath.Join(dir, name)
		if err := jail.CheckProgram(path); err != nil {
			what, fix := split(strings.TrimPrefix(err.Error(), name+": "))
			r.problem(path, strings.TrimPrefix(what, path+": "), fix)
		}
		r.folders(path, seen)
	}
}
