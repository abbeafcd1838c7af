package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"time"
)

const (
	// resolveTimeout is how long a name may take.
	resolveTimeout = 20 * time.Second

	// maxAddresses is how many of a name's are told.
	maxAddresses = 8
)

// resolve writes the addresses of a host, one a line, in the order in which they
// should be tried (RFC 6724). It looks where the jail's programs do: /etc/hosts,
// and the servers of /etc/resolv.conf.
func resolve(args []string) int {
	if len(args) != 1 {
		return 2
	}
	ctx, cancel := context.WithTimeout(context.Background(), resolveTimeout)
	defer cancel()
	r := net.Resolver{PreferGo: true} // the same in a jail with another libc, and without one
	addresses, err := r.LookupNetIP(ctx, "ip", args[0])
	if err != nil {
		return 1
	}
	for _, a := range addresses[:min(len(addresses), maxAddresses)] {
		if _, err := fmt.Fprintln(os.Stdout, a.Unmap()); err != nil {
			return 1
		}
	}
	return 0
}
