package main

import (
	"fmt"
	"net"
)

// serve answers with name on both sockets, and says ready when it does.
func serve(name string) error {
	tcp, err := net.Listen("tcp", "127.0.0.1:8000")
	if err != nil {
		return err
	}
	abstract, err := net.Listen("unix", "@jailsh-probe")
	if err != nil {
		return err
	}
	fmt.Println("ready")
	failed := make(chan error)
	for _, l := range []net.Listener{tcp, abstract} {
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					failed <- err
					return
				}
				fmt.Fprintln(c, "hello from", name)
				c.Close()
			}
		}()
	}
	return <-failed
}
