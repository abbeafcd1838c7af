package reload

import (
	"errors"

	"github.com/jailsh/jailsh/internal/strict"
)

// say writes the outcome of a load to the log, one line for each problem.
func (w *Watcher) say(err error) {
	if err == nil {
		w.log.Info("reloaded the configuration")
		return
	}
	var many strict.Problems
	if !errors.As(err, &many) {
		w.log.Error("the configuration is wrong", "problem", err)
	}
	for _, p := range many {
		w.log.Error("the configuration is wrong", "problem", p)
	}
	w.log.Error("the old configuration stays in use until this is mended", "problems", max(1, len(many)))
}
