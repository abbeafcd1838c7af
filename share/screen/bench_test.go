package screen

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// The figures to reach: 80 MB/s of typical output, 40 KB a terminal of 80x24, and
// 50 us a repaint of one full of colors.

// typical is output of the kind that a shell's user sees.
func typical() []byte {
	var b strings.Builder
	for i := range 2000 {
		switch i % 4 {
		case 0:
			fmt.Fprintf(&b, "-rw-r--r-- 1 alice alice %7d Nov 22 10:%02d \x1b[0m\x1b[01;32mfile-%d.txt\x1b[0m\r\n", i*37, i%60, i)
		case 1:
			fmt.Fprintf(&b, "make[%d]: Entering directory 'src/module-%d'\r\n", i%5, i)
		case 2:
			fmt.Fprintf(&b, "\x1b[1m\x1b[31mwarning:\x1b[0m unused variable \x1b[33m‘value%d’\x1b[0m in a line of some length\r\n", i)
		default:
			fmt.Fprintf(&b, "%d: the quick brown fox jumps over the lazy dog, and then it wraps around the end of a row\r\n", i)
		}
	}
	return []byte(b.String())
}

func BenchmarkWrite(b *testing.B) {
	plain := []byte(strings.Repeat("the quick brown fox jumps over the lazy dog 0123456789\r\n", 2000))
	wide := []byte(strings.Repeat("日本語のテキスト、한국어 텍스트, emoji 😀👩‍💻 and é\r\n", 1000))
	streams := map[string][]byte{"typical": typical(), "plain": plain, "wide": wide, "truecolor": truecolor(80, 24)}
	for name, stream := range recordings(b) {
		streams["recorded-"+name] = stream
	}
	for name, stream := range streams {
		b.Run(name, func(b *testing.B) {
			s := New(80, 24)
			b.SetBytes(int64(len(stream)))
			b.ReportAllocs()
			for b.Loop() {
				_, _ = s.Write(stream)
			}
		})
	}
}

func BenchmarkFilter(b *testing.B) {
	stream := typical()
	var f Filter
	var out []byte
	b.SetBytes(int64(len(stream)))
	b.ReportAllocs()
	for b.Loop() {
		out = f.Append(out[:0], stream)
	}
}

// truecolor fills a screen with cells of which no two have the same colors.
func truecolor(cols, rows int) []byte {
	var b strings.Builder
	b.WriteString("\x1b[H")
	for y := range rows {
		fmt.Fprintf(&b, "\x1b[%d;1H", y+1)
		for x := range cols {
			fmt.Fprintf(&b, "\x1b[38;2;%d;%d;%d;48;2;%d;%d;%dm%c", 255-x, 200-y, x+y, 130+y, x, 160-x, 'a'+x%26)
		}
	}
	return []byte(b.String())
}

func BenchmarkRepaint(b *testing.B) {
	for name, stream := range map[string][]byte{
		"full-color": colorful(80, 24),
		"truecolor":  truecolor(80, 24),
		"text":       typical(),
		"vim":        recordings(b)["vim"][:9000],
	} {
		b.Run(name, func(b *testing.B) {
			s := New(80, 24)
			_, _ = s.Write(stream)
			var out []byte
			b.ReportAllocs()
			for b.Loop() {
				out = s.AppendRepaint(out[:0])
			}
			b.ReportMetric(float64(len(out)), "bytes")
		})
	}
}

// colorful fills a screen as a colored program does: words of 256 colors on
// colored ground.
func colorful(cols, rows int) []byte {
	var b strings.Builder
	for y := range rows {
		fmt.Fprintf(&b, "\x1b[%d;1H", y+1)
		for x := range cols {
			if x%5 == 0 {
				fmt.Fprintf(&b, "\x1b[%d;38;5;%d;48;5;%dm", x%2, (x*7+y*3)%256, (y*11+x)%256)
			}
			b.WriteByte(byte('a' + (x+y)%26))
		}
	}
	return []byte(b.String())
}

// BenchmarkMemory reports what a terminal holds, as the heap grows by many.
func BenchmarkMemory(b *testing.B) {
	for name, stream := range map[string][]byte{
		"blank":         nil,
		"text":          typical(),
		"shell-and-vim": slices.Concat(typical(), recordings(b)["vim"][:9000]),
		// The worst there is: a style for each cell.
		"truecolor": truecolor(80, 24),
	} {
		b.Run(name, func(b *testing.B) {
			const n = 200
			for b.Loop() {
				all := make([]*Screen, n)
				var before, after runtime.MemStats
				runtime.GC()
				runtime.ReadMemStats(&before)
				for i := range all {
					all[i] = New(80, 24)
					_, _ = all[i].Write(stream)
				}
				runtime.GC()
				runtime.ReadMemStats(&after)
				b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/n/1000, "KB/terminal")
				runtime.KeepAlive(all)
			}
		})
	}
}
