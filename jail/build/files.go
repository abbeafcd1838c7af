package build

import (
	"fmt"
	"path"
	"strings"

	"github.com/jailsh/jailsh/internal/wire"
	"golang.org/x/sys/unix"
)

const fileStage = "/.files"

// placeFiles writes the generated files of /etc and binds each over the
// template's empty one of the same name. They are written on the root's own tmpfs
// and have no name there afterwards; the binds keep them alive. On a tmpfs of
// their own, that would have to be unmounted: the kernel waits for all CPUs then
// (synchronize_rcu), ten milliseconds on a busy host.
func (j *jail) placeFiles() error {
	if err := j.makeDir(fileStage); err != nil {
		return err
	}
	if err := j.each(wire.MountFile, j.placeFile); err != nil {
		return err
	}
	return call("rmdir "+fileStage, unix.Unlinkat(j.root, below(fileStage), unix.AT_REMOVEDIR))
}

func (j *jail) placeFile(m *wire.Mount) error {
	at, err := j.openTarget(m.Target)
	if err == unix.ENOENT && m.Optional {
		return nil
	}
	if err != nil {
		return fmt.Errorf("open %s: %w - the template must have an empty file there: run: jailsh template build", m.Target, err)
	}
	unix.Close(at)
	staged := path.Join(fileStage, path.Base(m.Target))
	if err := j.writeFile(staged, m.Content); err != nil {
		return err
	}
	file, err := j.openTarget(staged)
	if err != nil {
		return call("open "+staged, err)
	}
	defer unix.Close(file)
	tree, err := unix.OpenTree(file, "", unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC|unix.AT_EMPTY_PATH)
	if err != nil {
		return call("open_tree "+staged, err)
	}
	if err := setAttr(tree, unix.MOUNT_ATTR_RDONLY|unix.MOUNT_ATTR_NOSUID|unix.MOUNT_ATTR_NODEV|unix.MOUNT_ATTR_NOEXEC); err != nil {
		unix.Close(tree)
		return call("mount_setattr "+m.Target, err)
	}
	if err := j.place(tree, m.Target); err != nil {
		return err
	}
	return call("unlink "+staged, unix.Unlinkat(j.root, below(staged), 0))
}

func (j *jail) writeFile(target string, content []byte) error {
	fd, err := unix.Openat(j.root, below(target), unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0o444)
	if err != nil {
		return call("create "+target, err)
	}
	defer unix.Close(fd)
	if n, err := unix.Write(fd, content); err != nil || n != len(content) {
		return fmt.Errorf("write %s: %d of %d bytes: %v", target, n, len(content), err)
	}
	return nil
}

// setOptions hands a mount's options to fsconfig(2), one by one, and creates the
// file system.
func setOptions(fs int, options string) error {
	for option := range strings.SplitSeq(options, ",") {
		key, value, _ := strings.Cut(option, "=")
		var err error
		if value == "" {
			err = unix.FsconfigSetFlag(fs, key)
		} else {
			err = unix.FsconfigSetString(fs, key, value)
		}
		if err != nil {
			return call("fsconfig "+option, err)
		}
	}
	return call("fsconfig create", unix.FsconfigCreate(fs))
}
