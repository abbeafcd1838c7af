package sftp

import (
	"errors"
	"os"
	"path"
	"strings"

	"golang.org/x/sys/unix"
)

// maxLinks is how many links one path may lead through: the kernel's MAXSYMLINKS.
const maxLinks = 40

// realpath answers REALPATH.
func (s *Server) realpath(r *request) error {
	path, err := r.onePath()
	if err != nil {
		return err
	}
	return s.sendReal(r, path)
}

func (s *Server) sendReal(r *request, path string) error {
	real, err := real(path)
	if err != nil {
		return err
	}
	s.out.name(r.id, real)
	return nil
}

// real is a path from the root, without links, dots and double slashes. Its last
// part need not exist: clients ask before they make it.
func real(name string) (string, error) {
	if !path.IsAbs(name) {
		cwd, err := os.Getwd()
		if err != nil {
			return "", unix.ENOENT
		}
		name = cwd + "/" + name
	}
	done, rest := "", name // done has no slash at its end
	for links := 0; rest != ""; {
		var part string
		part, rest, _ = strings.Cut(rest, "/")
		switch part {
		case "", ".":
			continue
		case "..":
			done = done[:max(0, strings.LastIndexByte(done, '/'))]
			continue
		}
		next := done + "/" + part
		if len(next) >= maxPath {
			return "", unix.ENAMETOOLONG
		}
		holds, err := readlink(next)
		switch {
		case err == nil:
			if links++; links > maxLinks {
				return "", unix.ELOOP
			}
			if path.IsAbs(holds) {
				done = ""
			}
			rest = strings.TrimSuffix(holds+"/"+rest, "/")
			if len(rest) > 2*maxPath {
				return "", unix.ENAMETOOLONG
			}
		case errors.Is(err, unix.EINVAL), errors.Is(err, unix.ENOENT) && strings.Trim(rest, "/") == "":
			done = next // no link, or the part that needn't be
		default:
			return "", err
		}
	}
	if done == "" {
		return "/", nil
	}
	return done, nil
}
