package sshd

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/jailsh/jailsh/internal/cast"
	"github.com/jailsh/jailsh/share"
)

const (
	// maxCastHeader is how long the first line of an asciicast may be, in bytes. Of a
	// stream that begins like one, nothing is shown before it is known not to be.
	maxCastHeader = 16 << 10

	// resizePause is the least time between two changes of a published terminal's
	// size. A sequence of ten bytes has a whole screen made anew; the publisher waits.
	resizePause = 20 * time.Millisecond
)

// published is a terminal that is elsewhere, as it comes on standard input: what its
// program writes, or an asciicast of that.
type published struct {
	terminal interface {
		Write([]byte)
		Resize(share.Size)
		Size() share.Size
	}
	chunks *chunks
	exited bool      // it has told its program's end
	due    time.Time // when the size may change again
}

// copy shows what comes, up to the end of it, which a lost link is as well.
func (p *published) copy(ctx context.Context, from io.Reader) error {
	in := bufio.NewReaderSize(from, maxCastHeader)
	line, err := head(in)
	if err == nil {
		if r, bad := cast.NewReader(bytes.NewReader(line)); bad == nil {
			err = p.resize(ctx, share.Size{Cols: r.Header.Cols, Rows: r.Header.Rows})
			if err == nil {
				err = p.events(ctx, in)
			}
		} else {
			err = p.stream(ctx, in)
		}
	}
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// head is the first line, if it can be that of an asciicast. It stays to be read.
func head(in *bufio.Reader) ([]byte, error) {
	for n := 1; ; n = in.Buffered() + 1 {
		_, err := in.Peek(n) // waits
		b, _ := in.Peek(in.Buffered())
		if len(b) == 0 {
			return nil, err
		}
		if i := bytes.IndexByte(b, '\n'); i >= 0 {
			return b[:i+1], nil
		}
		if b[0] != '{' || len(b) < n { // it is something else; it ends, or is too long
			return nil, nil
		}
	}
}

// stream shows what a program writes. The sizes in it are those of its terminal from
// there on.
func (p *published) stream(ctx context.Context, in io.Reader) error {
	buf := p.chunks.chunk.get()
	defer p.chunks.chunk.put(buf)
	var sizes streamSizes
	for {
		got, err := in.Read(buf[:])
		for rest := buf[:got]; len(rest) > 0; {
			n, size, found := sizes.next(rest)
			p.terminal.Write(rest[:n])
			rest = rest[n:]
			if found {
				if err := p.resize(ctx, size); err != nil {
					return err
				}
			}
		}
		if err != nil {
			return err
		}
	}
}

// events shows what an asciicast has, as it comes: its times have passed already.
func (p *published) events(ctx context.Context, in io.Reader) error {
	r, err := cast.NewReader(in)
	if err != nil {
		return err
	}
	for {
		e, err := r.Next()
		switch {
		case errors.Is(err, cast.ErrTorn):
			return io.EOF // what wrote it was stopped
		case err != nil:
			return fmt.Errorf("asciicast: %w", err)
		}
		switch e.Kind {
		case cast.Exit:
			p.exited = true
			return io.EOF
		case cast.Output:
			p.terminal.Write([]byte(e.Data))
		case cast.Resize:
			size, err := sizeIn(e.Data)
			if err == nil {
				err = p.resize(ctx, size)
			}
			if err != nil {
				return fmt.Errorf("asciicast: %w", err)
			}
		}
	}
}

// resize changes the size, not too soon after the last time.
func (p *published) resize(ctx context.Context, size share.Size) error {
	if size == p.terminal.Size() {
		return nil
	}
	if wait := time.Until(p.due); wait > 0 {
		later := time.NewTimer(wait)
		defer later.Stop()
		select {
		case <-later.C:
		case <-ctx.Done():
			return errGone
		}
	}
	p.terminal.Resize(size)
	p.due = time.Now().Add(resizePause)
	return nil
}

// sizeIn reads a size that is written like 80x24.
func sizeIn(text string) (share.Size, error) {
	cols, rows, _ := strings.Cut(text, "x")
	w, err := strconv.ParseUint(cols, 10, 16)
	h, err2 := strconv.ParseUint(rows, 10, 16)
	if err != nil || err2 != nil || w == 0 || h == 0 {
		return share.Size{}, fmt.Errorf("%q is no size: write it like 80x24", text)
	}
	return share.Size{Cols: int(w), Rows: int(h)}, nil
}
