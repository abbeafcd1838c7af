package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"
)

const (
	stalledBurst  = 10_000 // bytes every 5 ms: 2 MB a second
	stalledRounds = 2
	stalledTime   = 3 * time.Second
	stalledSteady = 256 << 10 // bytes
)

// takeStalled has one of ten viewers stop reading while there is more to show than the
// kernel holds for him.
func takeStalled(ctx context.Context, s *site, starters []starter, r *report) error {
	stages, closeAll, err := openStages(ctx, s, starters)
	if err != nil {
		return err
	}
	defer closeAll()
	ratios, growth := map[string][]float64{}, map[string][]float64{}
	for _, st := range stages {
		if err := st.grow(ctx, fewViewers); err != nil {
			return err
		}
	}
	for round := range stalledRounds {
		for _, st := range stages {
			before, after, grown, err := st.stall(ctx)
			if err != nil {
				return err
			}
			if round == 0 {
				continue // the first one warms up
			}
			ratios[st.name] = append(ratios[st.name], percentile(after, 50)/percentile(before, 50))
			growth[st.name] = append(growth[st.name], float64(grown)/1e6)
		}
	}
	what := fmt.Sprintf("one of %d stops reading, ", fewViewers)
	r.add(row{what: what + "the others' latency", peer: "tmux", unit: "x", goal: 1.2}, ratios)
	r.add(row{what: what + "memory growth", peer: "tmux", unit: "MB", goal: 1}, growth)
	return nil
}

// stall returns how late the others are while all read, and while one doesn't, and what
// that takes of memory.
func (st *stage) stall(ctx context.Context) (before, after []float64, grown int64, err error) {
	everybody := st.everybody()
	if before, err = st.latencies(ctx, everybody, stalledBurst, stalledTime); err != nil {
		return nil, nil, 0, err
	}
	memory, err := st.steadyMemory(ctx, stalledSteady)
	if err != nil {
		return nil, nil, 0, err
	}
	one := everybody[0]
	if err := one.stop(); err != nil {
		return nil, nil, 0, err
	}
	after, err = st.latencies(ctx, everybody[1:], stalledBurst, stalledTime)
	var now int64
	if err == nil {
		now, err = st.steadyMemory(ctx, stalledSteady)
	}
	if err = errors.Join(err, one.resume()); err != nil {
		return nil, nil, 0, err
	}
	received := 0
	if err := one.follow(st.shown, func(piece []byte) { received += len(piece) }); err != nil {
		return nil, nil, 0, st.wrap(err)
	}
	if sent := stalledBurst * int(stalledTime/rateGap); received > sent {
		return nil, nil, 0, st.wrap(fmt.Errorf("the viewer who had stopped was sent all of %d bytes", sent))
	}
	return before, after, now - memory, nil
}

// stop has a viewer's client read no more. Of what it hasn't read the kernel keeps
// little for it, so that the server's end is soon full.
func (t *terminal) stop() error {
	t.brake.stopped.Lock()
	return t.readBuffer(16 << 10)
}

// resume has it read on, with as much room as it takes for that not to last.
func (t *terminal) resume() error {
	t.brake.stopped.Unlock()
	return t.readBuffer(1 << 20)
}

func (t *terminal) readBuffer(bytes int) error {
	tcp, ok := t.brake.Conn.(*net.TCPConn)
	if !ok {
		return errors.New("a viewer's connection isn't TCP")
	}
	return tcp.SetReadBuffer(bytes)
}
