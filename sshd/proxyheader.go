package sshd

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strconv"
	"strings"
)

// A PROXY header is what a proxy sends first on each connection that it passes on:
// where the client comes from and where it went to. There are two versions, a line
// of text and a binary one: "The PROXY protocol", HAProxy Technologies, sections 2.1
// and 2.2.
//
// It is read from the socket to its last byte and not one further. pires/go-proxyproto,
// which others use, reads ahead into a buffer that hides the descriptor, and ours is
// read by that (socket.go).
const (
	proxyStart1 = "PROXY "
	proxyStart2 = "\r\n\r\n\x00\r\nQUIT\n"

	// proxyLine is the length of the longest header of version 1, in bytes.
	proxyLine = 107

	// proxyRest is how many bytes may follow the first 16 of version 2. Addresses
	// are 36, and what proxies add about TLS and themselves a few hundred.
	proxyRest = 2 << 10
)

// proxied is what a PROXY header says. Both addresses are invalid if the proxy
// speaks for itself, as to see whether the server is there.
type proxied struct{ client, server netip.AddrPort }

var errNoProxyHeader = errors.New("no PROXY header")

// readProxyHeader reads a header of either version.
func readProxyHeader(r io.Reader) (proxied, error) {
	var start [len(proxyStart2)]byte // shorter than any header
	if _, err := io.ReadFull(r, start[:]); err != nil {
		return proxied{}, err
	}
	switch {
	case string(start[:]) == proxyStart2:
		return readProxy2(r)
	case bytes.HasPrefix(start[:], []byte(proxyStart1)):
		return readProxy1(r, start[:])
	}
	return proxied{}, errNoProxyHeader
}

// readProxy1 reads the rest of a line, byte by byte: nobody says how long it is.
func readProxy1(r io.Reader, line []byte) (proxied, error) {
	var next [1]byte
	for len(line) < proxyLine && !bytes.HasSuffix(line, []byte("\r\n")) {
		if _, err := io.ReadFull(r, next[:]); err != nil {
			return proxied{}, err
		}
		line = append(line, next[0])
	}
	text, whole := strings.CutSuffix(string(line), "\r\n")
	words := strings.Split(text, " ")
	if whole && len(words) >= 2 && words[1] == "UNKNOWN" {
		return proxied{}, nil
	}
	bad := fmt.Errorf("PROXY header: %q", shown(text, maxShown))
	if !whole || len(words) != 6 {
		return proxied{}, bad
	}
	client, clientErr := proxyAddress(words[1], words[2], words[4])
	server, serverErr := proxyAddress(words[1], words[3], words[5])
	if clientErr != nil || serverErr != nil {
		return proxied{}, bad
	}
	return proxied{client, server}, nil
}

func proxyAddress(family, address, port string) (netip.AddrPort, error) {
	a, err := netip.ParseAddr(address)
	n, portErr := strconv.ParseUint(port, 10, 16)
	if err = errors.Join(err, portErr); err != nil {
		return netip.AddrPort{}, err
	}
	if a.Zone() != "" || !(family == "TCP4" && a.Is4() || family == "TCP6" && a.Is6()) {
		return netip.AddrPort{}, errors.New("not of its family")
	}
	return netip.AddrPortFrom(a.Unmap(), uint16(n)), nil
}

// readProxy2 reads what comes after the signature.
func readProxy2(r io.Reader) (proxied, error) {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return proxied{}, err
	}
	command, family, length := head[0], head[1], int(binary.BigEndian.Uint16(head[2:]))
	if length > proxyRest {
		return proxied{}, fmt.Errorf("PROXY header: %d bytes, more than the %d allowed", length, proxyRest)
	}
	rest := make([]byte, length)
	if _, err := io.ReadFull(r, rest); err != nil {
		return proxied{}, err
	}
	const local, proxy, unspec, tcp4, tcp6 = 0x20, 0x21, 0x00, 0x11, 0x21
	size := 0
	switch {
	case command == local, command == proxy && family == unspec:
		return proxied{}, nil
	case command == proxy && family == tcp4:
		size = 4
	case command == proxy && family == tcp6:
		size = 16
	}
	if size == 0 || length < 2*size+4 {
		return proxied{}, fmt.Errorf("PROXY header: command %#x of family %#x, %d bytes", command, family, length)
	}
	end := func(address, port []byte) netip.AddrPort {
		a, _ := netip.AddrFromSlice(address) // of one of the two lengths
		return netip.AddrPortFrom(a.Unmap(), binary.BigEndian.Uint16(port))
	}
	ports := rest[2*size:]
	return proxied{end(rest[:size], ports), end(rest[size:2*size], ports[2:])}, nil
}
