// Command probe is run inside a jail by the integration tests. It is static, so
// that it needs nothing of the template, and does what no program there does:
//
//	probe escape       tries what must not work, and says what did
//	probe serve NAME   listens on 127.0.0.1:8000 and on an abstract socket
//
// It is what a user could bring along and run, with all of her rights and no
// more. Nothing that it tries changes the host, even if it should work.
package main

import (
	"fmt"
	"os"
)

func main() {
	var err error
	switch {
	case len(os.Args) == 2 && os.Args[1] == "escape":
		err = escape()
	case len(os.Args) == 3 && os.Args[1] == "serve":
		err = serve(os.Args[2])
	default:
		fmt.Fprintln(os.Stderr, "usage: probe escape | serve NAME")
		os.Exit(2)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "probe:", err)
		os.Exit(1)
	}
}
