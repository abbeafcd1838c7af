package main

import (
	"context"
	"fmt"
	"runtime"
	"time"

	"github.com/jailsh/jailsh/share/screen"
)

const (
	modelRounds    = 10
	modelSize      = 10_000_000 // bytes of output
	modelTerminals = 500
	modelSnapshots = 2000
)

// takeModel measures the screen that the server keeps of a live terminal, of 80 columns
// and 24 rows: how fast it takes what programs write, what it holds, and how long a
// snapshot of it takes that a viewer begins with.
func takeModel(_ context.Context, _ *site, _ []starter, r *report) error {
	rates, sizes, snapshots := map[string][]float64{}, map[string][]float64{}, map[string][]float64{}
	text := output(modelSize, "\r\n")
	full := colorful()
	for range modelRounds {
		s := screen.New(80, 24)
		start := time.Now()
		_, _ = s.Write(text) // has no errors
		rates["jailsh"] = append(rates["jailsh"], float64(len(text))/1e6/time.Since(start).Seconds())

		_, _ = s.Write(full)
		var snapshot []byte
		start = time.Now()
		for range modelSnapshots {
			snapshot = s.AppendRepaint(snapshot[:0])
		}
		snapshots["jailsh"] = append(snapshots["jailsh"], milliseconds(time.Since(start))*1000/modelSnapshots)

		terminals := make([]*screen.Screen, modelTerminals)
		before := heap()
		for i := range terminals {
			terminals[i] = screen.New(80, 24)
			_, _ = terminals[i].Write(text[:100_000])
			_, _ = terminals[i].Write(full)
		}
		sizes["jailsh"] = append(sizes["jailsh"], float64(heap()-before)/1000/modelTerminals)
		runtime.KeepAlive(terminals)
	}
	r.add(row{what: "screen model: output of programs", unit: "MB/s", goal: 80, more: true}, rates)
	r.add(row{what: "screen model: memory of a terminal", unit: "KB", goal: 40}, sizes)
	r.add(row{what: "screen model: snapshot full of colors", unit: "us", goal: 50}, snapshots)
	return nil
}

// heap is how many bytes of it are in use.
func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// colorful fills a screen with words of many colors.
func colorful() (out []byte) {
	for y := range 24 {
		out = fmt.Appendf(out, "\x1b[%d;1H", y+1)
		for x := range 80 {
			if x%5 == 0 {
				out = fmt.Appendf(out, "\x1b[%d;38;5;%d;48;5;%dm", x%2, (x*7+y*3)%256, (y*11+x)%256)
			}
			out = append(out, byte('a'+(x+y)%26))
		}
	}
	return out
}
