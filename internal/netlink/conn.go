package netlink

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/sys/unix"
)

// Conn is a socket to the kernel, in the network namespace that it was made in.
type Conn struct {
	fd  int
	seq uint32
}

// patience is how long the kernel may take for the next part of a list, seconds.
const patience = 5

// sendBuffer bounds one batch, bytes: a table with a thousand rules has 300 KiB.
const sendBuffer = 4 << 20

// Dial opens a socket for one of netlink's families, such as NETLINK_ROUTE.
func Dial(family int) (*Conn, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, family)
	if err != nil {
		return nil, fmt.Errorf("socket(AF_NETLINK, %d): %w", family, err)
	}
	c := &Conn{fd: fd}
	for _, err := range []error{
		unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}),
		unix.SetsockoptInt(fd, unix.SOL_NETLINK, unix.NETLINK_EXT_ACK, 1), // errors come with a sentence
		unix.SetsockoptInt(fd, unix.SOL_NETLINK, unix.NETLINK_CAP_ACK, 1), // and without the request
		unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: patience}),
	} {
		if err != nil {
			unix.Close(fd)
			return nil, fmt.Errorf("netlink %d: %w", family, err)
		}
	}
	// Without CAP_NET_ADMIN the buffer stays, and so does the error of the request.
	_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUFFORCE, sendBuffer)
	return c, nil
}

// Close frees the socket, and with it the tables of nf_tables that it owns.
func (c *Conn) Close() error { return unix.Close(c.fd) }

// Error is the kernel's refusal of a message.
type Error struct {
	Errno unix.Errno
	Text  string // the kernel's own words, which few refusals have
}

func (e *Error) Error() string {
	if e.Text == "" {
		return e.Errno.Error()
	}
	return e.Errno.Error() + " (" + e.Text + ")"
}

func (e *Error) Unwrap() error { return e.Errno }

var errNoAnswer = errors.New("netlink: the kernel doesn't answer")

// Do sends one request and waits for its answer.
func (c *Conn) Do(m *Message) error {
	c.seq++
	return c.exchange(appendMessage(nil, m, unix.NLM_F_REQUEST|unix.NLM_F_ACK, c.seq), c.seq)
}

// exchange sends messages and collects the answers up to the one to the message
// last. The kernel works on a request, and answers it, while it is sent: what
// isn't there afterwards doesn't come.
func (c *Conn) exchange(messages []byte, last uint32) error {
	if err := unix.Sendto(c.fd, messages, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return fmt.Errorf("netlink: send: %w", err)
	}
	var first error
	answered := false
	buf := make([]byte, 64<<10)
	for {
		n, _, err := unix.Recvfrom(c.fd, buf, unix.MSG_DONTWAIT)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case errors.Is(err, unix.EAGAIN) && (answered || first != nil):
			return first
		case errors.Is(err, unix.EAGAIN):
			return errNoAnswer
		case err != nil:
			return fmt.Errorf("netlink: receive: %w", err)
		}
		for rest := buf[:n]; len(rest) > 0; {
			var h header
			var body Body
			if h, body, rest, err = nextMessage(rest); err != nil {
				return err
			}
			if h.kind != unix.NLMSG_ERROR {
				continue
			}
			answered = answered || h.seq == last
			if err := refusal(h, body); err != nil && first == nil {
				first = err
			}
		}
	}
}

// refusal is the error that an answer tells, or nil.
func refusal(h header, body Body) error {
	const fixed = 4 + unix.SizeofNlMsghdr
	if len(body) < fixed {
		return errCut
	}
	code := int32(binary.NativeEndian.Uint32(body))
	if code == 0 {
		return nil
	}
	e := &Error{Errno: unix.Errno(-code)}
	if h.flags&unix.NLM_F_ACK_TLVS != 0 {
		_ = body.Attributes(fixed, func(kind uint16, value []byte) bool {
			if kind == unix.NLMSGERR_ATTR_MSG {
				e.Text = strings.TrimRight(string(value), "\x00")
			}
			return true
		})
	}
	return e
}

// List sends a request for a list and calls each with its elements.
func (c *Conn) List(m *Message, each func(Body) error) error {
	c.seq++
	request := appendMessage(nil, m, unix.NLM_F_REQUEST|unix.NLM_F_DUMP, c.seq)
	if err := unix.Sendto(c.fd, request, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return fmt.Errorf("netlink: send: %w", err)
	}
	buf := make([]byte, 64<<10)
	var failed error
	for {
		n, _, err := unix.Recvfrom(c.fd, buf, 0)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return fmt.Errorf("netlink: receive: %w", err)
		}
		for rest := buf[:n]; len(rest) > 0; {
			var h header
			var body Body
			if h, body, rest, err = nextMessage(rest); err != nil {
				return err
			}
			switch {
			case h.seq != c.seq: // of a list that was given up
			case h.kind == unix.NLMSG_DONE:
				return failed
			case h.kind == unix.NLMSG_ERROR:
				return refusal(h, body)
			case failed == nil:
				failed = each(body) // the rest is read all the same
			}
		}
	}
}
