package cell

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/jailsh/jailsh/internal/wire"
)

// Dial connects to an address in the cell. A *wire.Failure is the init's own
// word; wire.ErrClosed means that the cell has ended meanwhile.
func (c *Cell) Dial(ctx context.Context, m *wire.Dial) (*os.File, error) {
	files, err := c.peer.Call(ctx, wire.VerbDial, m, &wire.Empty{})
	if err != nil {
		return nil, err
	}
	if err := checkStreams(files, 1, false); err != nil {
		return nil, err
	}
	return files[0], nil
}

// maxSockets is one for each family of a host.
const maxSockets = 2

// Listen listens at an address in the cell, and returns the listening sockets and
// the port of TCP. The errors are those of Dial.
func (c *Cell) Listen(ctx context.Context, m *wire.Listen) ([]*os.File, uint32, error) {
	answer := &wire.Listening{}
	files, err := c.peer.Call(ctx, wire.VerbListen, m, answer)
	if err != nil {
		return nil, 0, err
	}
	if err := checkStreams(files, maxSockets, true); err != nil {
		return nil, 0, err
	}
	return files, answer.Port, nil
}

// checkStreams closes the files if they aren't what they should be.
func checkStreams(files []*os.File, most int, listen bool) error {
	var err error
	if len(files) == 0 || len(files) > most {
		err = fmt.Errorf("%d sockets instead of one", len(files))
	}
	for _, f := range files {
		err = errors.Join(err, checkStream(f, listen))
	}
	if err != nil {
		closeAll(files)
		return fmt.Errorf("the cell's init sent what it shouldn't: %w", err)
	}
	return nil
}
