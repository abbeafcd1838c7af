package check

import (
	"fmt"
	"time"

	"github.com/jailsh/jailsh/internal/config"
	"github.com/jailsh/jailsh/internal/wire"
)

// penalised names the sources that are refused at the moment: somebody who can't log
// in may be behind one.
func (r *Report) penalised(cfg *config.Config, p *wire.Penalised) {
	at := readSource(cfg.File)
	for _, s := range p.List {
		r.Advice = append(r.Advice, at.problem(fmt.Sprintf("%s is refused for another %s, last for %s", s.Source, s.Left.Round(time.Second), s.Offence),
			"wait, or add it to per_source_penalty_exempt_list", "per_source_penalties"))
	}
	if more := int(p.Total) - len(p.List); more > 0 {
		r.Advice = append(r.Advice, at.problem(fmt.Sprintf("%d more sources are refused", more), "see penalty in the audit log", "per_source_penalties"))
	}
}
