package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/jailsh/jailsh/internal/cast"
	"github.com/jailsh/jailsh/internal/config"
	"github.com/jailsh/jailsh/internal/recordings"
	"github.com/spf13/cobra"
)

func (a *app) recordCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "record",
		Short: "List, play, verify and export recordings",
		Long: `List, play, verify and export recordings of sessions.

Whose sessions are recorded is said by record in users.toml. A recording is called
as the list calls it, USER/NAME, or by the path of a file.`,
		Args: cobra.ArbitraryArgs,
		RunE: wantsCommand,
	}
	c.AddCommand(a.recordListCommand(), a.recordPlayCommand(), a.recordVerifyCommand(), a.recordExportCommand())
	return c
}

// openRecording opens a recording of the instance, or a file. The seals are nil if
// there are none.
func (a *app) openRecording(called string) (file, seals *os.File, err error) {
	if strings.HasPrefix(called, "/") || strings.HasPrefix(called, ".") {
		return recordings.OpenFile(called)
	}
	store, err := a.recordings()
	if err != nil {
		return nil, nil, err
	}
	file, seals, err = store.Open(called)
	if os.IsNotExist(err) {
		err = fmt.Errorf("there is no recording %s - see: jailsh record list", called)
	}
	return file, seals, err
}

// recordings is the folder of the instance's. users.toml needn't be good for it.
func (a *app) recordings() (*recordings.Store, error) {
	cfg, err := config.Load(a.config)
	if err != nil {
		return nil, err
	}
	return &recordings.Store{Dir: cfg.RecordingsDir()}, nil
}

// withRecording reads a recording.
func (a *app) withRecording(called string, do func(*cast.Reader) error) error {
	file, seals, err := a.openRecording(called)
	if err != nil {
		return err
	}
	defer file.Close()
	if seals != nil {
		seals.Close()
	}
	r, err := cast.NewReader(file)
	if err == nil {
		err = do(r)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", called, err)
	}
	return nil
}

// completeRecording offers those that there are.
func (a *app) completeRecording(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
	store, err := a.recordings()
	if err != nil {
		return nil, noFiles
	}
	list, err := store.List("")
	if err != nil {
		return nil, noFiles
	}
	names := make([]string, len(list))
	for i := range list {
		names[i] = list[i].Called()
	}
	return names, noFiles
}
