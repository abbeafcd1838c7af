package screen

import (
	"os"
	"path/filepath"
	"testing"
)

// recordings are what programs wrote to a terminal of 80 columns and 24 rows while
// somebody typed.
func recordings(t testing.TB) map[string][]byte {
	t.Helper()
	paths, err := filepath.Glob("testdata/recordings/*")
	if err != nil || len(paths) < 9 {
		t.Fatalf("testdata/recordings: %d files, %v", len(paths), err)
	}
	all := map[string][]byte{}
	for _, path := range paths {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		all[filepath.Base(path)] = b
	}
	return all
}

func TestRecordings(t *testing.T) {
	for name, stream := range recordings(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := startReference(t)
			cutEverywhere(t, r, string(stream), 80, 24, *every)
		})
	}
}

// Who joins at any byte goes on as if she had been there from the beginning.
func TestJoinersGoOn(t *testing.T) {
	for name, stream := range recordings(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := startReference(t)
			r.start(80, 24)
			r.write(stream)
			want := r.state()
			for i := range 5 {
				k := (2*i + 1) * len(stream) / 10
				s := New(80, 24)
				_, _ = s.Write(stream[:k])
				if d := difference(r.fresh(append(s.AppendRepaint(nil), stream[k:]...)), want); d != "" {
					t.Fatalf("who joined after %d bytes (got) ends otherwise (want):\n%s", k, d)
				}
			}
		})
	}
}
