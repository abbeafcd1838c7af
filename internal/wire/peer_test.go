package wire

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// talk runs two peers until the test ends.
func talk(t *testing.T, caller, answerer []Entry) (a, b *Peer) {
	t.Helper()
	x, y, err := Pair()
	if err != nil {
		t.Fatal(err)
	}
	a, b = NewPeer(x, caller...), NewPeer(y, answerer...)
	done := make(chan error, 2)
	go func() { done <- a.Run() }()
	go func() { done <- b.Run() }()
	t.Cleanup(func() {
		a.Close()
		b.Close()
		<-done
		<-done
		a.Wait()
		b.Wait()
	})
	return a, b
}

func onOpen(f func(*Open, []*os.File) (Message, []*os.File, error)) []Entry {
	return []Entry{On(VerbOpen, f)}
}

func TestACallGetsItsAnswerAndItsDescriptors(t *testing.T) {
	a, _ := talk(t, nil, onOpen(func(m *Open, files []*os.File) (Message, []*os.File, error) {
		if len(files) != 1 {
			return nil, nil, errors.New("no descriptor came")
		}
		return &Opened{Cell: m.User + "/1"}, files, nil // the same one back
	}))
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	got := &Opened{}
	files, err := a.Call(t.Context(), VerbOpen, &Open{User: "alice"}, got, w)
	if err != nil || got.Cell != "alice/1" || len(files) != 1 {
		t.Fatalf("%v %+v %d", err, got, len(files))
	}
	defer files[0].Close()
	if _, err := files[0].WriteString("x"); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 1)
	if _, err := r.Read(b); err != nil || b[0] != 'x' {
		t.Fatalf("%v %q", err, b)
	}
}

func TestAFailureIsTheOtherSidesWord(t *testing.T) {
	a, _ := talk(t, nil, onOpen(func(*Open, []*os.File) (Message, []*os.File, error) {
		return nil, nil, errors.New("jail: step 1/9 root: mount: EPERM")
	}))
	_, err := a.Call(t.Context(), VerbOpen, &Open{}, &Opened{})
	if f := (*Failure)(nil); !errors.As(err, &f) || f.Text != "jail: step 1/9 root: mount: EPERM" {
		t.Fatal(err)
	}
}

func TestAPanicEndsOneRequest(t *testing.T) {
	a, _ := talk(t, nil, onOpen(func(m *Open, _ []*os.File) (Message, []*os.File, error) {
		if m.User == "bad" {
			panic("no")
		}
		return &Opened{}, nil, nil
	}))
	if _, err := a.Call(t.Context(), VerbOpen, &Open{User: "bad"}, &Opened{}); err == nil || !strings.Contains(err.Error(), "panic") {
		t.Error(err)
	}
	if _, err := a.Call(t.Context(), VerbOpen, &Open{}, &Opened{}); err != nil {
		t.Error(err)
	}
}

func TestAForeignVerbEndsTheConnection(t *testing.T) {
	a, _ := talk(t, nil, nil)
	if _, err := a.Call(t.Context(), VerbSign, &Sign{}, &Signature{}); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
}

func TestAMalformedBodyEndsTheConnection(t *testing.T) {
	a, _ := talk(t, nil, onOpen(func(*Open, []*os.File) (Message, []*os.File, error) { return &Opened{}, nil, nil }))
	if _, err := a.Call(t.Context(), VerbOpen, &Spawned{Pid: 0xffffffff}, &Opened{}); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
}

func TestALateAnswerIsDroppedWithItsDescriptor(t *testing.T) {
	release := make(chan struct{})
	a, _ := talk(t, nil, onOpen(func(m *Open, files []*os.File) (Message, []*os.File, error) {
		if m.User == "slow" {
			<-release
			return &Opened{}, files, nil
		}
		return &Opened{}, nil, nil
	}))
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := a.Call(ctx, VerbOpen, &Open{User: "slow"}, &Opened{}, w); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	w.Close()
	close(release)
	if _, err := r.Read(make([]byte, 1)); err != io.EOF { // the last copy was closed
		t.Error(err)
	}
}

func TestCallsEndWithTheConnection(t *testing.T) {
	entered := make(chan struct{})
	stay := make(chan struct{})
	a, b := talk(t, nil, onOpen(func(*Open, []*os.File) (Message, []*os.File, error) {
		close(entered)
		<-stay
		return &Opened{}, nil, nil
	}))
	go func() {
		<-entered
		b.Close()
		close(stay)
	}()
	if _, err := a.Call(t.Context(), VerbOpen, &Open{}, &Opened{}); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
	if _, err := a.Call(t.Context(), VerbOpen, &Open{}, &Opened{}); !errors.Is(err, ErrClosed) {
		t.Error("after the end:", err)
	}
}

func TestNoticesKeepTheirOrder(t *testing.T) {
	got := make(chan uint32, 100)
	_, b := talk(t, []Entry{On(VerbExit, func(e *Exit, _ []*os.File) (Message, []*os.File, error) {
		got <- e.Pid
		return nil, nil, nil
	})}, nil)
	for i := range uint32(100) {
		if err := b.Notify(VerbExit, &Exit{Pid: i}); err != nil {
			t.Fatal(err)
		}
	}
	for i := range uint32(100) {
		if n := <-got; n != i {
			t.Fatalf("notice %d came as %d", n, i)
		}
	}
}
