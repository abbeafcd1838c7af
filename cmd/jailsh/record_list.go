package main

import (
	"time"

	"github.com/jailsh/jailsh/internal/strict"
	"github.com/spf13/cobra"
)

// recordingRow is one of the list.
type recordingRow struct {
	Name    string    `json:"name"` // USER/NAME
	User    string    `json:"user"`
	Began   time.Time `json:"began"`
	Seconds int64     `json:"seconds"`
	Bytes   int64     `json:"bytes"`
	State   string    `json:"state"`
}

func (a *app) recordListCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "list [USER]",
		Short: "List recordings",
		Long: `List the recordings of all users or of one, the oldest first. The state is
"recording" while the session lasts, then "finished"; "unfinished" is one whose
end couldn't be written: jailsh-net or the host was stopped, or the disk was full.`,
		Example:           "  jailsh record list\n  jailsh record list alice --json",
		Args:              atMost("USER"),
		ValidArgsFunction: a.completeUser,
	}
	jsonFlag(c, &asJSON)
	c.RunE = func(_ *cobra.Command, args []string) error {
		store, err := a.recordings()
		if err != nil {
			return err
		}
		user := ""
		if len(args) > 0 {
			user = args[0]
		}
		list, err := store.List(user)
		if err != nil {
			return err
		}
		rows := []recordingRow{}
		t := &table{header: []string{"RECORDING", "BEGAN", "DURATION", "SIZE", "STATE"}}
		for i := range list {
			e := &list[i]
			lasted := e.Ended.Sub(e.Began).Round(time.Second)
			rows = append(rows, recordingRow{e.Called(), e.User, e.Began, int64(lasted.Seconds()), e.Bytes, string(e.State)})
			t.add(e.Called(), e.Began.Local().Format(time.DateTime), lasted.String(), strict.ShowSize(roundSize(e.Bytes)), string(e.State))
		}
		return a.list(asJSON, rows, t)
	}
	return c
}

// roundSize rounds up to what can be shown in few digits.
func roundSize(n int64) int64 {
	unit := int64(1)
	for n/unit >= 10<<10 {
		unit <<= 10
	}
	return (n + unit - 1) / unit * unit
}
