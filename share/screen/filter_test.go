package screen

import (
	"strings"
	"testing"
)

func TestQueriesAreTakenOut(t *testing.T) {
	t.Parallel()
	for _, query := range []string{
		"\x05", "\x1bZ", "\x1b[c", "\x1b[0c", "\x1b[>c", "\x1b[>0c", "\x1b[=c", "\x1b[?1;2c",
		"\x1b[5n", "\x1b[6n", "\x1b[?6n", "\x1b[?15n", "\x1b[?996n", "\xc2\x9b6n",
		"\x1b[4$p", "\x1b[?2026$p", "\x1b[x", "\x1b[1$w", "\x1b[1;1;1;1;1;1*y", "\x1b['|", "\x1b[?u", "\x1b[>q", "\x1b[>0q",
		"\x1b[?1;1;0S", "\x1b[?4m", "\x1b[#R", "\x1b[#|", "\x1b[i", "\x1b[5i", "\x1b[?5i", "\x1b[&u", "\x1b[$u",
		"\x1b[11t", "\x1b[14t", "\x1b[14;2t", "\x1b[16t", "\x1b[18t", "\x1b[19t", "\x1b[21t", "\x1b[8;40;100t", "\x1b[2t",
		"\x1b]4;1;?\a", "\x1b]4;1;red;2;?\a", "\x1b]10;?\x1b\\", "\x1b]11;?\xc2\x9c", "\x1b]12;#fff;?\a", "\x1b]5;0;?\a", "\x1b]50;?\a",
		"\x1b]52;c;?\a", "\x1b]52;;?\a", "\x1b]21;foreground=?\a", "\x1b]22;?__current__\a", "\x1b]99;i=1:p=?;\a", "\x1b]60\a", "\x1b]61\a", "\x1b]1337;ReportCellSize\a", "\x1b]5522;type=read;\a",
		"\x1bP$qm\x1b\\", "\x1bP+q544e\x1b\\", "\x1bP$q q\xc2\x9c", "\x1b_Gi=1,a=q;AAAA\x1b\\", "\x1bP1$r0m\x1b\\", "\x1bPtmux;x\x1b\\",
		"\x1b]4;1;?" + strings.Repeat("0", maxSequence), "\x1b[" + strings.Repeat("0", maxSequence+10) + "6n",
	} {
		for cut := range len(query) {
			var f Filter
			got := f.Append(nil, []byte("a"+query[:cut]))
			got = f.Append(got, []byte(query[cut:]+"\x1b\\b"))
			if left := strings.ReplaceAll(string(got), none, ""); left != "ab" {
				t.Errorf("%.40q cut at %d: passed as %.60q", query, cut, got)
			}
			if len(query) > maxSequence && cut > 10 {
				break
			}
		}
	}
}

func TestTheRestIsPassed(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"text, é, 日本 and 👩‍💻", "\r\n\t\b\a\x0e\x0f", "\x1b[1;31m", "\x1b[38:2::1:2:3m", "\x1b[?1049h", "\x1b[!p", "\x1b[2 q", "\x1b[>4;2m", "\x1b[>1u", "\x1b[<u",
		"\x1b[22;0t", "\x1b[23;2t", "\x1b7", "\x1b(0", "\x1b#8", "\x1bc", "\x1b[?25l", "\x1b[5S", "\x1b[3;5r", "\x1b[s",
		"\x1b]0;what?\x1b\\", "\x1b]2;?\x1b\\", "\x1b]8;;http://a/?q=1;?\x1b\\", "\x1b]4;1;#fff\x1b\\", "\x1b]52;c;aGk=\x1b\\", "\x1b]133;A\x1b\\", "\x1b]104\x1b\\",
		"\x1bPq#0;2;0;0;0~-\x1b\\", "\x1bP0;1;0q~\x1b\\",
	} {
		for cut := range len(text) {
			var f Filter
			got := f.Append(nil, []byte(text[:cut]))
			got = f.Append(got, []byte(text[cut:]))
			if string(got) != text {
				t.Errorf("%q cut at %d: passed as %q", text, cut, got)
			}
		}
	}
}

func TestFilterIsWellFormed(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"\xc2\x9b31m":                       "\x1b[31m",
		"\xc2\x84\xc2\x8d":                  "\x1bD" + none,
		"a\xffb\xe2\x28c":                   "ab(c",
		"\x1b[3\n1m":                        "\n\x1b[31m",
		"\x1b[3\x1b[4m":                     "\x1b[4m",
		"\x1b[3\x18x":                       "\x18x",
		"\x1b]0;a\x07":                      "\x1b]0;a\x1b\\",
		"\x1b[1<m":                          none,
		"\x1b[?2048h":                       "\x1b[?h",
		"\x1b[?1;02031;25;2048h\x1b[?2048l": "\x1b[?1;25h\x1b[?2048l",
		"\x1b[?1049h":                       "\x1b[?1049h",
		"\x1b]0;a\x18b":                     none + "b",
		"\x1b[3\x1b]0;\xe2":                 "",
	} {
		var f Filter
		if got := f.Append(nil, []byte(in)); string(got) != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

// A screen that is shown what a filter passes is like one that is shown all: what
// is taken out would have changed nothing.
func TestFilterChangesNothing(t *testing.T) {
	t.Parallel()
	for name, stream := range recordings(t) {
		compareFiltered(t, name, stream, 80, 24)
	}
	for seed := range uint64(300) {
		compareFiltered(t, "synthetic", []byte(generateAny(seed, 12, 5, 100)), 12, 5)
	}
}

func compareFiltered(t *testing.T, name string, stream []byte, cols, rows int) {
	t.Helper()
	var f Filter
	s, viewer := New(cols, rows), New(cols, rows)
	var out []byte
	for k := 0; k < len(stream); k += 50 {
		p := stream[k:min(k+50, len(stream))]
		out = f.Append(out[:0], p)
		_, _ = s.Write(p)
		_, _ = viewer.Write(out)
	}
	// What is unfinished in the one hasn't come to the other.
	_, _ = s.Write([]byte("\x18"))
	_, _ = viewer.Write([]byte("\x18"))
	if d := difference(viewer.state(), s.state()); d != "" {
		t.Errorf("%s: filtered (got) it shows something else (want):\n%s", name, d)
	}
}
