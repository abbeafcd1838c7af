package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	"github.com/jailsh/jailsh/internal/cast"
	"github.com/spf13/cobra"
)

func (a *app) recordExportCommand() *cobra.Command {
	var format string
	c := &cobra.Command{
		Use:   "export RECORDING",
		Short: "Write a recording in another format",
		Long: `Write a recording to standard output:

  asciicast-v2   for asciinema 2, and other players
  asciicast-v3   for asciinema 3
  text           what the programs have written, as lines without colors and the
                 like; of programs that fill the screen only the words

What comes out isn't sealed. A recording whose end is missing is exported up to there.`,
		Example:           "  jailsh record export alice/20300102T150405Z-0a1b2c3d-1 --format asciicast-v2 > talk.cast\n  jailsh record export alice/20300102T150405Z-0a1b2c3d-1 --format text | less",
		Args:              exactly("RECORDING"),
		ValidArgsFunction: a.completeRecording,
	}
	c.Flags().StringVar(&format, "format", "text", "asciicast-v2, asciicast-v3 or text")
	_ = c.RegisterFlagCompletionFunc("format", cobra.FixedCompletions([]string{"asciicast-v2", "asciicast-v3", "text"}, noFiles))
	c.RunE = func(_ *cobra.Command, args []string) error {
		out := bufio.NewWriter(a.stdout)
		var export func(*cast.Reader, io.Writer) error
		switch format {
		case "text":
			export = exportText
		case "asciicast-v2":
			export = func(r *cast.Reader, to io.Writer) error { return exportCast(r, to, cast.V2) }
		case "asciicast-v3":
			export = func(r *cast.Reader, to io.Writer) error { return exportCast(r, to, cast.V3) }
		default:
			return &usageError{fmt.Sprintf("--format: %q is none", format)}
		}
		err := a.withRecording(args[0], func(r *cast.Reader) error { return export(r, out) })
		if flushed := out.Flush(); err == nil {
			err = flushed
		}
		return err
	}
	return c
}

func exportText(r *cast.Reader, to io.Writer) error {
	text := cast.NewText(to)
	err := eachEvent(r, func(e cast.Event) error {
		if e.Kind != cast.Output {
			return nil
		}
		return text.Write(e.Data)
	})
	if err != nil {
		return err
	}
	return text.Close()
}

func exportCast(r *cast.Reader, to io.Writer, version int) error {
	h := r.Header
	h.Version = version
	line, err := h.Line()
	if err != nil {
		return err
	}
	encoder := cast.NewEncoder(version)
	if _, err := to.Write(line); err != nil {
		return err
	}
	return eachEvent(r, func(e cast.Event) error {
		line = encoder.Append(line[:0], e.At, e.Kind, []byte(e.Data))
		_, err := to.Write(line)
		return err
	})
}

// eachEvent calls do with each event, up to where the recording was cut off.
func eachEvent(r *cast.Reader, do func(cast.Event) error) error {
	for {
		e, err := r.Next()
		if errors.Is(err, io.EOF) || errors.Is(err, cast.ErrTorn) {
			return nil
		}
		if err == nil {
			err = do(e)
		}
		if err != nil {
			return err
		}
	}
}
