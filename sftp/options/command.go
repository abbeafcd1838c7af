package options

import (
	"errors"
	"strings"
)

// Internal is the command that stands for the server itself, as with ForceCommand
// of sshd_config(5).
const Internal = "internal-sftp"

// Command reads a forced command. It reports false for one that isn't the server.
func Command(command string) (o Options, is bool, err error) {
	rest, is := strings.CutPrefix(command, Internal)
	if !is || rest != "" && !strings.ContainsAny(rest[:1], " \t") {
		return None(), false, nil
	}
	if strings.ContainsAny(rest, "\"'\\") {
		return None(), true, errors.New("quotes and backslashes mean nothing here - write the words without them; for a folder with a blank, set start of sftp")
	}
	o, err = Parse(strings.Fields(rest))
	return o, true, err
}
