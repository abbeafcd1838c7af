package template

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// Open returns the template's current build. A template that is missing, half
// built, or writable by others than its owner is refused.
func Open(dir, name string) (*Info, error) {
	info, err := current(dir, name)
	if err != nil {
		return nil, err
	}
	if info.Kind == Dir { // it isn't ours, and may have been changed since the build
		if flaws := checkFolder(info.Source); len(flaws) > 0 {
			return nil, fmt.Errorf("template %s: %w", name, flawed(flaws[:1]))
		}
	}
	return info, nil
}

func current(dir, name string) (*Info, error) {
	if err := checkName(name); err != nil {
		return nil, err
	}
	refuse := func(what string) error {
		return fmt.Errorf("template %s: %s - run: jailsh template build %s", name, what, name)
	}
	dir, err := absolute(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, refuse("not built")
	}
	if err != nil {
		return nil, fmt.Errorf("template %s: %w", name, err)
	}
	top := filepath.Join(dir, name)
	if _, err := os.Lstat(filepath.Join(top, currentName)); errors.Is(err, fs.ErrNotExist) {
		return nil, refuse("not built")
	}
	id := currentID(top)
	if id == "" {
		return nil, refuse(filepath.Join(top, currentName) + " names no build")
	}
	build := filepath.Join(top, buildsName, id)
	for _, d := range []string{top, filepath.Dir(build), build, filepath.Join(build, "root")} {
		var st unix.Stat_t
		if err := unix.Lstat(d, &st); err != nil || st.Mode&unix.S_IFMT != unix.S_IFDIR {
			return nil, refuse("half built")
		}
		if st.Uid != 0 && int(st.Uid) != os.Geteuid() {
			return nil, fmt.Errorf("template %s: %s: belongs to uid %d, who could change it at any time - run: chown %d %s",
				name, d, st.Uid, os.Geteuid(), d)
		}
		if st.Mode&0o022 != 0 {
			return nil, fmt.Errorf("template %s: %s: is writable by others - run: chmod go-w %s", name, d, d)
		}
	}
	info, err := readInfo(name, build)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, refuse("half built")
	}
	if err != nil {
		return nil, refuse(err.Error())
	}
	return info, nil
}

// Hold keeps a build, the folder that Open told, from being collected until
// release is called or the process ends.
func Hold(build string) (release func(), err error) {
	name := filepath.Join(build, manifestName)
	f, err := os.OpenFile(name, os.O_RDONLY|unix.O_NOFOLLOW, 0)
	if err != nil {
		return nil, fmt.Errorf("template %s: the build is gone: %w - log in again", build, err)
	}
	err = unix.Flock(int(f.Fd()), unix.LOCK_SH|unix.LOCK_NB)
	if err == nil {
		err = sameFile(f, name)
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("template %s: the build is being removed: %w - log in again", build, err)
	}
	return func() { unlock(f) }, nil
}

// unlock gives a lock up and closes its file. Closing alone isn't enough: a child
// that is being started holds a copy until it executes its program.
func unlock(f *os.File) {
	_ = unix.Flock(int(f.Fd()), unix.LOCK_UN)
	f.Close()
}

// sameFile says whether name still leads to f, which is locked: whoever had the
// lock before may have moved it away.
func sameFile(f *os.File, name string) error {
	have, err := f.Stat()
	if err != nil {
		return err
	}
	want, err := os.Lstat(name)
	if err != nil {
		return err
	}
	if !os.SameFile(have, want) {
		return fmt.Errorf("%s: was replaced meanwhile - try again", name)
	}
	return nil
}
