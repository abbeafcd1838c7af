package main

import (
	"crypto/rand"
	"strings"

	"github.com/spf13/pflag"
)

// sshOptions are those of ssh(1) that are passed on as they are.
type sshOptions struct {
	port, config string
	keys, jumps  []string
	others       []string
}

func (o *sshOptions) flags(f *pflag.FlagSet) {
	f.StringVarP(&o.port, "port", "p", "", "of ssh: the server's port")
	f.StringArrayVarP(&o.keys, "identity", "i", nil, "of ssh: a key's file")
	f.StringVarP(&o.config, "ssh-config", "F", "", "of ssh: its configuration")
	f.StringArrayVarP(&o.jumps, "jump", "J", nil, "of ssh: a host on the way")
	f.StringArrayVarP(&o.others, "option", "o", nil, "of ssh: an option, as ConnectTimeout=5")
}

func (o *sshOptions) list() (args []string) {
	add := func(flag string, values ...string) {
		for _, v := range values {
			if v != "" {
				args = append(args, flag, v)
			}
		}
	}
	add("-F", o.config)
	add("-p", o.port)
	add("-i", o.keys...)
	add("-J", o.jumps...)
	add("-o", o.others...)
	return args
}

// newResumeKey is by what the server knows this call again, and no other of the user.
func newResumeKey() string { return strings.ToLower(rand.Text()) }

// sshArgs is the command line of ssh. Of an option that is there twice the first
// counts (ssh_config(5)), so the user's come before.
func (p *publishing) sshArgs(again bool) []string {
	args := append([]string{}, p.options...)
	args = append(args, "-T",
		"-o", "ServerAliveInterval=5", "-o", "ServerAliveCountMax=2", // a dead link is seen within 15 seconds
		"-o", "ControlMaster=no", "-o", "ControlPath=none", // a link of its own, whose end is seen
		"-o", "ClearAllForwardings=yes", "-o", "RemoteCommand=none", "-o", "ForwardAgent=no", "-o", "ForwardX11=no")
	if again {
		args = append(args, "-o", "BatchMode=yes", "-o", "ConnectTimeout=10") // there is a program on the terminal
	}
	return append(append(args, "--", p.to), p.words...)
}
