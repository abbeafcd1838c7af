package sshd

import (
	"cmp"
	"errors"
	"flag"
	"fmt"

	"github.com/jailsh/jailsh/share"
)

// publish is @publish: a terminal that is somewhere else, behind NAT perhaps, is shown
// to others. What its program writes comes on standard input (published.go); what
// viewers type who may leaves on standard output.
func (s *session) publish(args []string) error {
	terms, size, key := share.Terms{}, share.Usual(), ""
	if own := sizeOf(s.size.Load()); own != (share.Size{}) {
		size = own
	}
	args, err := s.options("@publish", args, 1, 1, func(f *flag.FlagSet) {
		f.Func("size", "", func(v string) (err error) {
			size, err = sizeIn(v)
			return err
		})
		f.Func("resume", "", func(v string) error { return setName(&key, v) })
		termFlags(f, &terms)
	})
	if err != nil {
		return err
	}
	if err := setName(&terms.Name, args[0]); err != nil {
		return fmt.Errorf("%w: %w", errUsage, err)
	}
	s.publishes.Store(true)
	if key != "" {
		return s.publishOn(terms, size, key)
	}
	var typed share.Input
	if terms.Role == share.Type {
		typed = func(_ *share.Viewer, b []byte) error {
			_, err := s.channel.Write(b)
			return err
		}
	}
	s.shown.Store(true) // her standard error mostly is the terminal that she publishes
	s.does("publish " + terms.Name)
	l := s.own(terms.Name, size, typed)
	defer s.over()
	if _, err := s.offer(l, terms, stderr{s}); err != nil { // what is typed has standard output for itself
		return err
	}
	s.showAudience(l)
	p := published{terminal: l, chunks: &s.conn.server.chunks}
	return s.while(func() error { return p.copy(s.ctx, heard{s.channel, &s.clock}) })
}

// publishOn is the same with --resume: what is published outlives a lost link, and is
// published on by who comes back with the key. That is for programs: standard error
// has lines, of which one says how many look on.
func (s *session) publishOn(terms share.Terms, size share.Size, key string) error {
	s.does("publish " + terms.Name)
	p, fresh, err := s.conn.server.published.enter(s, &terms, key, size)
	if err != nil {
		return err
	}
	forGood := true
	defer func() { p.leave(s, forGood) }()
	if fresh {
		sh, err := s.offer(p.live, terms, stderr{s})
		if err != nil {
			return err
		}
		sh.AfterStop(p.end)
	} else {
		s.remark(terms.Name + " is published on")
	}
	s.countAudience(p)
	from := published{terminal: publisher{p, s}, chunks: &s.conn.server.chunks}
	came := make(chan error, 1)
	s.spin("publish", func() { came <- from.copy(s.ctx, heard{s.channel, &s.clock}) })
	select {
	case err = <-came:
		forGood = from.exited || err != nil && !errors.Is(err, errGone) || s.dismissed() != 0
	case <-p.over:
		s.remark(terms.Name + " is not shared any more")
	case <-s.ctx.Done():
		forGood = s.dismissed() != 0
	}
	return err
}

// countAudience tells how many look on, and who asks to, whenever that changes.
func (s *session) countAudience(p *publication) {
	s.audience.Do(func() {
		s.spin("audience", func() {
			for told := ""; ; {
				viewers, changed := p.live.Viewers()
				if now := s.conn.server.audienceOf(p.live, viewers); now != told {
					s.remark(cmp.Or(now, "0 looking on"))
					told = now
				}
				select {
				case <-changed:
				case <-p.over:
					return
				case <-s.ctx.Done():
					return
				}
			}
		})
	})
}
