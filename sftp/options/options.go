package options

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Options are what one server is told.
type Options struct {
	ReadOnly bool     // -R: nothing is changed
	Start    string   // -d: folder to start in, "" for the home; %d is the home, %u the user
	Umask    int      // -u; below zero: the user's
	Allow    []string // -p: requests to serve; nil: all
	Deny     []string // -P: requests to refuse
	Log      bool     // -l INFO: transfers are reported
}

// None are the options of a server that nobody restricts.
func None() Options { return Options{Umask: -1} }

// requests are the names of what a client may ask for (sftp-server(8), -Q
// requests), but for init, which can't be refused.
var requests = [...]string{
	"open", "close", "read", "write", "lstat", "fstat", "setstat", "fsetstat", "opendir", "readdir", "remove", "mkdir",
	"rmdir", "realpath", "stat", "rename", "readlink", "symlink", "posix-rename", "statvfs", "fstatvfs", "hardlink",
	"fsync", "lsetstat", "limits", "expand-path", "copy-data", "home-directory", "users-groups-by-id",
}

// Requests are the names that Allow and Deny may have.
func Requests() []string { return slices.Clone(requests[:]) }

// Allows tells whether a request is served, ReadOnly aside.
func (o *Options) Allows(request string) bool {
	return !slices.Contains(o.Deny, request) && (o.Allow == nil || slices.Contains(o.Allow, request))
}

// Args are the options as arguments, for the internal server and for the
// template's own.
func (o *Options) Args() []string {
	var args []string
	if o.ReadOnly {
		args = append(args, "-R")
	}
	if o.Start != "" {
		args = append(args, "-d", o.Start)
	}
	if o.Umask >= 0 {
		args = append(args, "-u", fmt.Sprintf("%03o", o.Umask))
	}
	if o.Allow != nil {
		args = append(args, "-p", join(o.Allow))
	}
	if len(o.Deny) > 0 {
		args = append(args, "-P", join(o.Deny))
	}
	if o.Log {
		args = append(args, "-l", "INFO")
	}
	return args
}

// With are o and what more says: the narrower of the two. Where only one can hold,
// more does.
func (o *Options) With(more Options) Options {
	both := *o
	both.ReadOnly = o.ReadOnly || more.ReadOnly
	both.Log = o.Log || more.Log
	both.Deny = append(slices.Clone(o.Deny), more.Deny...)
	if more.Start != "" {
		both.Start = more.Start
	}
	if more.Umask >= 0 {
		both.Umask = more.Umask
	}
	switch {
	case o.Allow == nil:
		both.Allow = more.Allow
	case more.Allow != nil:
		both.Allow = slices.DeleteFunc(slices.Clone(o.Allow), func(n string) bool { return !slices.Contains(more.Allow, n) })
	}
	return both
}

// levels of -l, and whether transfers are told at them: from INFO on, as
// sftp-server does.
var levels = map[string]bool{
	"QUIET": false, "FATAL": false, "ERROR": false,
	"INFO": true, "VERBOSE": true, "DEBUG": true, "DEBUG1": true, "DEBUG2": true, "DEBUG3": true,
}

// Parse reads arguments. What is unknown is an error, and what is known and means
// nothing here too: -e and -f say where to log to, which is never the user's to
// choose.
func Parse(args []string) (Options, error) {
	o := None()
	for len(args) > 0 {
		flag := args[0]
		args = args[1:]
		if flag == "-R" {
			o.ReadOnly = true
			continue
		}
		if len(flag) < 2 || flag[0] != '-' || !strings.Contains("dupPl", flag[1:2]) {
			return o, fmt.Errorf("%q: is no option here - use -R, -d, -u, -p, -P and -l of sftp-server(8)", flag)
		}
		value := flag[2:] // as getopt(3): -u022 or -u 022
		if value == "" {
			if len(args) == 0 {
				return o, fmt.Errorf("%s: has no value - write it after the option", flag)
			}
			value, args = args[0], args[1:]
		}
		if err := o.set(flag[1], value); err != nil {
			return o, fmt.Errorf("%s: %w", flag[:2], err)
		}
	}
	return o, nil
}

func (o *Options) set(flag byte, value string) (err error) {
	switch flag {
	case 'd':
		o.Start, err = value, CheckStart(value)
	case 'u':
		var mask uint64
		mask, err = strconv.ParseUint(value, 8, 32)
		if err != nil || mask > 0o777 {
			return fmt.Errorf("%q is no umask - write three octal digits", value)
		}
		o.Umask = int(mask)
	case 'p':
		o.Allow, err = names(value)
	case 'P':
		o.Deny, err = names(value)
	case 'l':
		told, known := levels[strings.ToUpper(value)]
		o.Log = told
		if !known {
			return fmt.Errorf("%q is no level - use INFO to have transfers logged, or ERROR", value)
		}
	}
	return err
}

// none is a list without a request: an empty one would look like no list.
const none = "none"

func join(list []string) string {
	if len(list) == 0 {
		return none
	}
	return strings.Join(list, ",")
}

func names(list string) ([]string, error) {
	if list == none {
		return []string{}, nil
	}
	all := strings.Split(list, ",")
	for _, n := range all {
		if !slices.Contains(requests[:], n) {
			return nil, fmt.Errorf("%q is no request - see them with: sftp-server -Q requests", n)
		}
	}
	return all, nil
}

// CheckStart refuses what can't be a folder to start in.
func CheckStart(path string) error {
	if path == "" || strings.ContainsRune(path, 0) {
		return errors.New("is no path")
	}
	for rest := path; ; {
		_, after, found := strings.Cut(rest, "%")
		if !found {
			return nil
		}
		if after == "" || !strings.Contains("%du", after[:1]) {
			return fmt.Errorf("%q has a %% that is none of %%d, %%u and %%%% - write %%%% for the character", path)
		}
		rest = after[1:]
	}
}

// Expand is Start with home in place of %d and user in place of %u.
func (o *Options) Expand(home, user string) string {
	return strings.NewReplacer("%%", "%", "%d", home, "%u", user).Replace(o.Start)
}
