package main

import (
	"strings"
	"testing"
)

func TestSummarize(t *testing.T) {
	t.Parallel()
	const good = `{"Action":"run","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Test":"TestA","Output":"    a_test.go:1: chatter\n"}
{"Action":"pass","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Output":"PASS\n"}
{"Action":"output","Package":"p","Output":"ok  \tp\t0.1s\n"}
{"Action":"pass","Package":"p"}
`
	for _, c := range []struct {
		name, in, want string
		good           bool
	}{
		{"all pass", good, "ok  \tp\t0.1s\n1 passed, 0 failed, 0 skipped\n", true},
		{
			"a package without tests",
			good + `{"Action":"output","Package":"q","Output":"?   \tq\t[no test files]\n"}
{"Action":"skip","Package":"q"}
`,
			"ok  \tp\t0.1s\n?   \tq\t[no test files]\n1 passed, 0 failed, 0 skipped\n", true,
		},
		{
			"a failed test says why",
			`{"Action":"output","Package":"p","Test":"TestA","Output":"=== RUN   TestA\n"}
{"Action":"output","Package":"p","Test":"TestA","Output":"    a_test.go:1: wrong\n"}
{"Action":"output","Package":"p","Test":"TestA","Output":"--- FAIL: TestA (0.00s)\n"}
{"Action":"fail","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Output":"FAIL\tp\t0.1s\n"}
{"Action":"fail","Package":"p"}
`,
			"    a_test.go:1: wrong\n--- FAIL: TestA (0.00s)\nFAIL\tp\t0.1s\n0 passed, 1 failed, 0 skipped\n", false,
		},
		{
			"a skipped test is a failure",
			good + `{"Action":"output","Package":"p","Test":"TestB","Output":"--- SKIP: TestB (0.00s)\n"}
{"Action":"skip","Package":"p","Test":"TestB"}
`,
			"ok  \tp\t0.1s\n--- SKIP: TestB (0.00s)\nskipped tests count as failures: make them run, or remove them\n1 passed, 0 failed, 1 skipped\n", false,
		},
		{
			"what doesn't compile",
			good + `{"ImportPath":"q [q.test]","Action":"build-output","Output":"q.go:1: undefined\n"}
{"ImportPath":"q [q.test]","Action":"build-fail"}
{"Action":"output","Package":"q","Output":"FAIL\tq [build failed]\n"}
{"Action":"fail","Package":"q"}
`,
			"ok  \tp\t0.1s\nq.go:1: undefined\nFAIL\tq [build failed]\n1 passed, 0 failed, 0 skipped\n", false,
		},
		{
			"a test that never ends",
			good + `{"Action":"output","Package":"p","Test":"TestC","Output":"=== RUN   TestC\n"}
`,
			"ok  \tp\t0.1s\n=== RUN   TestC\n1 passed, 0 failed, 0 skipped\n", false,
		},
		{"no test at all", "", "0 passed, 0 failed, 0 skipped\n", false},
		{"words of go itself", "go: no such package\n", "go: no such package\n0 passed, 0 failed, 0 skipped\n", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var out strings.Builder
			ok, err := summarize(strings.NewReader(c.in), &out)
			if err != nil {
				t.Fatal(err)
			}
			if out.String() != c.want || ok != c.good {
				t.Errorf("good is %v, want %v; got\n%s\nwant\n%s", ok, c.good, out.String(), c.want)
			}
		})
	}
}
