package main

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"time"

	"github.com/jailsh/jailsh/internal/wire"
)

// askTime is how long an answer may take.
const askTime = 15 * time.Second

const usage = `usage: jailsh share [--type] [--for USER] [--ttl TIME] [--once | --no-token] [--approve] [--name NAME]
       jailsh share list
       jailsh share role NAME/VIEWER view|type
       jailsh share admit NAME/VIEWER
       jailsh share kick NAME/VIEWER
       jailsh share stop NAME
`

// ask is the command jailsh in a jail: it asks the server for its words, at the socket
// of the session that it is in.
func ask(args []string) int {
	if len(args) == 0 || args[0] != "share" {
		fmt.Fprint(os.Stderr, usage)
		return 2
	}
	status, err := question(os.Getenv(wire.WordsVariable), strings.Join(args, " "))
	if err != nil {
		fmt.Fprintf(os.Stderr, "jailsh: this terminal can't be shared from within: %v - from elsewhere, type: ssh ... @%s\n", err, strings.Join(args, " "))
		return 1
	}
	return status
}

// question asks, and passes on what is answered.
func question(socket, text string) (status int, err error) {
	if socket == "" {
		return 0, fmt.Errorf("%s isn't set: it is a program of another session's, or you may not share", wire.WordsVariable)
	}
	conn, err := net.DialTimeout("unix", socket, askTime)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(askTime)); err != nil {
		return 0, err
	}
	if _, err := io.WriteString(conn, text); err != nil {
		return 0, err
	}
	if c, ok := conn.(*net.UnixConn); ok {
		if err := c.CloseWrite(); err != nil {
			return 0, err
		}
	}
	for {
		kind, part, err := wire.ReadPart(conn)
		if err != nil {
			return 0, fmt.Errorf("the answer ended early: %w", err)
		}
		switch {
		case kind == wire.PartOutput:
			_, err = os.Stdout.Write(part)
		case kind == wire.PartError:
			_, err = os.Stderr.Write(part)
		case kind == wire.PartStatus && len(part) == 4:
			return int(binary.BigEndian.Uint32(part)), nil
		}
		if err != nil {
			return 0, err
		}
	}
}
