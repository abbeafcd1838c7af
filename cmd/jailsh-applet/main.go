// Command jailsh-applet is what PID 1 of a jail runs for its user beside the
// programs of her template: parts that have to work in any template. Its first
// argument names one. It is executed as the user, within her jail and all of its
// limits, from a sealed memory file that jailshd has made and no jail shows
// (jail.Program); nobody else has a use for it.
//
// Under the name jailsh it is a command of hers, by which she shares the terminal that
// she types it in. That one is the file itself, mounted read-only into the jails of
// those who may.
package main

import (
	"fmt"
	"os"
	"path"

	"github.com/jailsh/jailsh/internal/wire"
	"github.com/jailsh/jailsh/jail/identity"
	"github.com/jailsh/jailsh/sftp"
)

func main() {
	if len(os.Args) > 0 && path.Base(os.Args[0]) == "jailsh" {
		os.Exit(ask(os.Args[1:]))
	}
	if len(os.Args) > 1 {
		name, args := os.Args[1], os.Args[2:]
		identity.Name(name)
		switch name {
		case wire.ProgramSFTP.Applet():
			os.Exit(sftp.Main(args))
		case wire.ProgramResolve.Applet():
			os.Exit(resolve(args))
		}
	}
	fmt.Fprintln(os.Stderr, "jailsh-applet: is started by the PID 1 of a jail, with the name of an applet - to open a jail, run: jailsh run USER -- CMD")
	os.Exit(2)
}
