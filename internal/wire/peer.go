package wire

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"sync"
)

// Entry is one line of a verb table: a verb that this side answers.
type Entry struct {
	Verb   Verb
	Handle func(p *Packet) (Message, []*os.File, error)
}

// On is the table entry that decodes the verb's body into a T. The handler owns
// the descriptors that came along; those that it returns are sent and closed.
func On[T any, M interface {
	*T
	Message
}](v Verb, handle func(M, []*os.File) (Message, []*os.File, error)) Entry {
	return Entry{v, func(p *Packet) (Message, []*os.File, error) {
		m := M(new(T))
		if err := Decode(p.Body, m); err != nil {
			p.Close()
			return nil, nil, &protocolError{fmt.Errorf("%s: %w", v, err)}
		}
		return handle(m, p.Files)
	}}
}

// protocolError ends the connection: the other side doesn't speak the contract.
type protocolError struct{ error }

// ErrClosed answers calls that are still open when the connection ends.
var ErrClosed = errors.New("the process at the other end is gone")

// Peer speaks the contract over a Conn: it answers the verbs of its table, and
// calls those of the other side. Requests are handled concurrently, up to
// maxInFlight; notices one by one, in order.
type Peer struct {
	conn  *Conn
	table [256]func(*Packet) (Message, []*os.File, error)
	slots chan struct{}

	handlers sync.WaitGroup

	mu      sync.Mutex
	nextID  uint32
	waiting map[uint32]chan *Packet // nil once Run has returned
	ended   bool
}

// NewPeer returns a Peer that answers the verbs of table; Run must be called.
func NewPeer(conn *Conn, table ...Entry) *Peer {
	p := &Peer{conn: conn, slots: make(chan struct{}, maxInFlight), waiting: map[uint32]chan *Packet{}}
	for _, e := range table {
		p.table[e.Verb] = e.Handle
	}
	return p
}

// Close ends the connection; Run returns.
func (p *Peer) Close() error { return p.conn.Close() }

// HungUp tells whether the other side is gone, which Run may not have come to yet.
func (p *Peer) HungUp() bool { return p.conn.HungUp() }

// Run reads packets until the connection ends, and returns why it did: io.EOF
// when the other side closed it. Handlers may still be at work then; what they
// answer is thrown away. Wait waits for them.
func (p *Peer) Run() error {
	err := p.read()
	p.conn.Close()
	p.mu.Lock()
	p.ended = true
	for _, ch := range p.waiting {
		close(ch)
	}
	p.waiting = nil
	p.mu.Unlock()
	return err
}

// Wait returns when the last handler has. It is called after Run.
func (p *Peer) Wait() { p.handlers.Wait() }

func (p *Peer) read() error {
	for {
		pkt, err := p.conn.Recv()
		if err != nil {
			return err
		}
		switch pkt.Kind {
		case KindReply, KindFailure:
			p.deliver(pkt)
		case KindNotice:
			if err := p.notice(pkt); err != nil {
				return err
			}
		case KindRequest:
			handler := p.table[pkt.Verb]
			if handler == nil {
				pkt.Close()
				return fmt.Errorf("%s is not for this peer", pkt.Verb)
			}
			p.slots <- struct{}{}
			p.handlers.Go(func() {
				defer func() { <-p.slots }()
				if err := p.answer(pkt, handler); err != nil {
					p.conn.Close() // read then returns
				}
			})
		}
	}
}

func (p *Peer) deliver(pkt *Packet) {
	p.mu.Lock()
	defer p.mu.Unlock()
	ch := p.waiting[pkt.ID]
	delete(p.waiting, pkt.ID)
	if ch == nil {
		pkt.Close() // the caller gave up
		return
	}
	ch <- pkt // buffered, and used once, so it can't block under the lock
}

func (p *Peer) notice(pkt *Packet) error {
	handler := p.table[pkt.Verb]
	if handler == nil {
		pkt.Close()
		return fmt.Errorf("%s is not for this peer", pkt.Verb)
	}
	_, _, err := guard(pkt, handler)
	if bad := new(protocolError); errors.As(err, &bad) {
		return err
	}
	return nil
}

// answer handles a request and sends its reply. An error means that the
// connection can't go on.
func (p *Peer) answer(pkt *Packet, handler func(*Packet) (Message, []*os.File, error)) error {
	reply, files, err := guard(pkt, handler)
	out := &Packet{Kind: KindReply, Verb: pkt.Verb, ID: pkt.ID, Files: files}
	defer out.Close()
	if bad := (*protocolError)(nil); errors.As(err, &bad) {
		return err
	}
	if err == nil {
		out.Body, err = Encode(reply)
	}
	if err != nil {
		text := err.Error()
		out.Kind = KindFailure
		out.Body, _ = Encode(&Failure{Text: text[:min(len(text), MaxText)]})
	}
	return p.conn.Send(out)
}

// guard turns a panic of a handler into an error: it ends one request, not the
// process.
func guard(pkt *Packet, handler func(*Packet) (Message, []*os.File, error)) (m Message, files []*os.File, err error) {
	defer func() {
		if r := recover(); r != nil {
			m, files, err = nil, nil, fmt.Errorf("%s: panic: %v\n%s", pkt.Verb, r, debug.Stack())
		}
	}()
	return handler(pkt)
}

// Call sends a request and waits for its answer, which is decoded into reply.
// The descriptors that come back belong to the caller. A *Failure is the other
// side's own word; any other error means that it may be gone.
func (p *Peer) Call(ctx context.Context, v Verb, request, reply Message, files ...*os.File) ([]*os.File, error) {
	body, err := Encode(request)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", v, err)
	}
	ch := make(chan *Packet, 1)
	p.mu.Lock()
	if p.ended {
		p.mu.Unlock()
		return nil, ErrClosed
	}
	p.nextID++
	id := p.nextID
	p.waiting[id] = ch
	p.mu.Unlock()

	if err := p.conn.Send(&Packet{Kind: KindRequest, Verb: v, ID: id, Body: body, Files: files}); err != nil {
		p.forget(id, ch)
		return nil, fmt.Errorf("%s: %w: %w", v, ErrClosed, err)
	}
	select {
	case pkt, ok := <-ch:
		if !ok {
			return nil, ErrClosed
		}
		return finish(pkt, reply)
	case <-ctx.Done():
		p.forget(id, ch)
		return nil, fmt.Errorf("%s: %w", v, ctx.Err())
	}
}

// Ask is Call for a request whose answer has no descriptors. Those that come back all
// the same are closed.
func (p *Peer) Ask(ctx context.Context, v Verb, request, reply Message, files ...*os.File) error {
	back, err := p.Call(ctx, v, request, reply, files...)
	(&Packet{Files: back}).Close()
	return err
}

// forget drops a call that nobody waits for any more, with its late answer.
func (p *Peer) forget(id uint32, ch chan *Packet) {
	p.mu.Lock()
	delete(p.waiting, id)
	p.mu.Unlock()
	select {
	case pkt, ok := <-ch:
		if ok {
			pkt.Close()
		}
	default:
	}
}

func finish(pkt *Packet, reply Message) ([]*os.File, error) {
	if pkt.Kind == KindFailure {
		defer pkt.Close()
		f := &Failure{}
		if err := Decode(pkt.Body, f); err != nil {
			return nil, err
		}
		return nil, f
	}
	if err := Decode(pkt.Body, reply); err != nil {
		pkt.Close()
		return nil, fmt.Errorf("%s: reply: %w", pkt.Verb, err)
	}
	return pkt.Files, nil
}

// Notify sends a notice.
func (p *Peer) Notify(v Verb, m Message) error {
	body, err := Encode(m)
	if err != nil {
		return fmt.Errorf("%s: %w", v, err)
	}
	return p.conn.Send(&Packet{Kind: KindNotice, Verb: v, Body: body})
}
