package sshd

import (
	"flag"
	"fmt"

	"github.com/jailsh/jailsh/share"
)

// publish is @publish: a terminal that is somewhere else, behind NAT perhaps, is shown
// to others. What its program writes comes on standard input (published.go); what
// viewers type who may leaves on standard output.
func (s *session) publish(args []string) error {
	terms, size := share.Terms{}, share.Usual()
	if own := sizeOf(s.size.Load()); own != (share.Size{}) {
		size = own
	}
	args, err := s.options("@publish", args, 1, 1, func(f *flag.FlagSet) {
		f.Func("size", "", func(v string) (err error) {
			size, err = sizeIn(v)
			return err
		})
		termFlags(f, &terms)
	})
	if err != nil {
		return err
	}
	if err := setName(&terms.Name, args[0]); err != nil {
		return fmt.Errorf("%w: %w", errUsage, err)
	}
	var typed func([]byte) error
	if terms.Role == share.Type {
		typed = func(b []byte) error {
			_, err := s.channel.Write(b)
			return err
		}
	}
	s.shown.Store(true) // her standard error mostly is the terminal that she publishes
	l := s.own(size, typed)
	defer s.over()
	if err := s.offer(l, terms, stderr{s}); err != nil { // what is typed has standard output for itself
		return err
	}
	s.showAudience(s.live.Load())
	p := published{live: l, chunks: &s.conn.server.chunks}
	return p.copy(s.ctx, heard{s.channel, &s.clock})
}
