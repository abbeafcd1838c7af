package main

import "fmt"

// output is at least n bytes of what programs write to a terminal, in lines: a listing
// of files, a build, its warnings, a difference, and plain text.
func output(n int, newline string) []byte {
	var out []byte
	for i := 0; len(out) < n; i++ {
		switch i % 8 {
		case 0, 1:
			out = fmt.Appendf(out, "-rw-r--r-- 1 alice alice %7d Nov 22 10:%02d \x1b[0m\x1b[01;32mfile-%d.txt\x1b[0m", i%99991*37, i%60, i)
		case 2, 3:
			out = fmt.Appendf(out, "make[%d]: Entering directory '/home/alice/src/module-%d'", i%5, i)
		case 4:
			out = fmt.Appendf(out, "\x1b[01m\x1b[Ksrc/module.c:%d:9:\x1b[m\x1b[K \x1b[01;35m\x1b[Kwarning: \x1b[m\x1b[Kunused variable ‘\x1b[01m\x1b[Kvalue%d\x1b[m\x1b[K’", i%997, i)
		case 5:
			out = fmt.Appendf(out, "\x1b[31m-\tresult = compute(value, %d)\x1b[m", i)
		case 6:
			out = fmt.Appendf(out, "\x1b[32m+\x1b[m\x1b[32m\tresult, err = compute(ctx, value, %d)\x1b[m", i)
		default:
			out = fmt.Appendf(out, "%d: the quick brown fox jumps over the lazy dog, and then it wraps around the end of a row", i)
		}
		out = append(out, newline...)
	}
	return out
}
