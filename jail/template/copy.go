package template

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"slices"
	"sync"
	"syscall"

	"github.com/jailsh/jailsh/jail/rootfs"
	"golang.org/x/sys/unix"
)

// copyWorkers is how many files are copied at once. The work is waiting for the
// disk; more workers gain nothing.
const copyWorkers = 4

// copier writes a plan into an empty directory.
type copier struct {
	from, to rootfs.Tree
	plan     plan
	reuse    map[reuseKey]reused // files of other builds
	progress func(done, total int64)

	mu    sync.Mutex
	done  int64
	total int64
	sums  map[string]string // what the files that were linked must have
}

// run makes directories and links first, then copies the files. The first error
// ends it.
func (c *copier) run(ctx context.Context) error {
	c.total = c.plan.bytes()
	var files []string
	for _, p := range slices.Sorted(maps.Keys(c.plan)) {
		e := c.plan[p]
		var err error
		switch {
		case e.mode.IsDir():
			err = makeDir(c.to.On(p), e.mode.Perm())
		case e.mode.IsRegular():
			files = append(files, p)
		default:
			err = os.Symlink(e.target, c.to.On(p))
		}
		if err != nil {
			return fmt.Errorf("copying %s: %w", p, rootfs.Cause(err))
		}
	}
	return eachOf(ctx, files, func(p string) error {
		if c.link(p, c.plan[p]) {
			c.report(c.plan[p].size)
			return nil
		}
		if err := c.file(p, c.plan[p]); err != nil {
			return fmt.Errorf("copying %s: %w", p, rootfs.Cause(err))
		}
		c.report(c.plan[p].size)
		return nil
	})
}

// ownedByUs says whether a file is the builder's, as each file of a build is.
func ownedByUs(info fs.FileInfo) bool {
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(st.Uid) == os.Geteuid() && int(st.Gid) == os.Getegid()
}

func (c *copier) report(n int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.done += n
	if c.progress != nil {
		c.progress(c.done, c.total)
	}
}

// makeDir makes a directory that is ours and has the mode perm, whatever the umask
// is and the directory above (setgid, or mounted with grpid).
func makeDir(name string, perm fs.FileMode) error {
	if err := os.Mkdir(name, 0o700); err != nil {
		return err
	}
	if err := os.Lchown(name, os.Geteuid(), os.Getegid()); err != nil {
		return err
	}
	return os.Chmod(name, perm)
}

func (c *copier) file(p string, e *entry) error {
	out, err := os.OpenFile(c.to.On(p), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	err = c.fill(out, p, e)
	if err == nil {
		err = out.Chown(os.Geteuid(), os.Getegid())
	}
	if err == nil {
		err = out.Chmod(e.mode.Perm())
	}
	if closing := out.Close(); err == nil {
		err = closing
	}
	if err != nil || e.made {
		return err
	}
	return os.Chtimes(c.to.On(p), e.mtime, e.mtime)
}

// fill shares the blocks of the host's file where the file system can, and
// copies within the kernel (copy_file_range) where not.
func (c *copier) fill(out *os.File, p string, e *entry) error {
	if e.made {
		_, err := out.Write(e.content)
		return err
	}
	in, _, err := c.from.Open(p)
	if err != nil {
		return err
	}
	defer in.Close()
	if err := unix.IoctlFileClone(int(out.Fd()), int(in.Fd())); err != nil {
		if _, err := io.Copy(out, io.LimitReader(in, e.size)); err != nil {
			return err
		}
	}
	info, err := in.Stat()
	if err == nil && (info.Size() != e.size || stampOf(info) != e.stamp) {
		err = errors.New("changed on the host meanwhile - build again")
	}
	return err
}

// eachOf calls work for every name, some at a time, and returns when all calls
// have: with the first error, or that of ctx.
func eachOf(ctx context.Context, names []string, work func(string) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	queue := make(chan string)
	var workers sync.WaitGroup
	for range copyWorkers {
		workers.Go(func() {
			for name := range queue {
				if err := guard(work, name); err != nil {
					cancel(err)
				}
			}
		})
	}
feed:
	for _, name := range names {
		select {
		case queue <- name:
		case <-ctx.Done():
			break feed
		}
	}
	close(queue)
	workers.Wait()
	return context.Cause(ctx)
}

// guard turns a panic into an error: it ends the build, not the process.
func guard(work func(string) error, name string) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%s: panic: %v", name, r)
		}
	}()
	return work(name)
}
