package sshd

import (
	"errors"
	"io"
	"net"
	"testing"
	"testing/synctest"
)

// What may be read in each phase. After the key exchange a client that sends
// more is not refused: it may be ahead of the server, which has answered its
// request for authentication and not yet begun with it.
func TestLinkAllowsSoMuchInEachPhase(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := memPipe("198.51.100.7:40000")
		l := newLink(ours, &flood{}, &chunks{})
		go func() {
			for {
				if _, err := theirs.Write(append([]byte("SSH-2.0-x"), make([]byte, 4096-9)...)); err != nil {
					return
				}
			}
		}()
		buf := make([]byte, 4096)
		read := func() (n int, err error) {
			n, err = l.Read(buf)
			return n, err
		}
		if n, err := read(); n != len(buf) || err != nil {
			t.Errorf("during the key exchange: %d, %v", n, err)
		}
		for range keyExchanged {
			go func() { _, _ = io.ReadFull(theirs, make([]byte, 1)) }()
			if _, err := l.Write([]byte("x")); err != nil {
				t.Fatal(err)
			}
		}
		total := 0
		for total < beforeService {
			n, err := read()
			if err != nil {
				t.Fatal(err)
			}
			total += n
		}
		if total != beforeService {
			t.Errorf("%d bytes were read", total)
		}
		more := make(chan int)
		go func() {
			n, _ := read()
			more <- n
		}()
		synctest.Wait()
		select {
		case n := <-more:
			t.Errorf("%d bytes more", n)
		default:
		}
		l.enter(phaseAuthentication)
		total = <-more
		for {
			n, err := read()
			if err != nil {
				if !errors.Is(err, errTooMuch) {
					t.Error(err)
				}
				break
			}
			total += n
		}
		if total != beforeLogin {
			t.Errorf("%d bytes were read before the login", total)
		}
		l.enter(phaseLoggedIn)
		for range 100 {
			if n, err := read(); n == 0 || err != nil {
				t.Fatalf("after the login: %d, %v", n, err)
			}
		}
		l.Close()
	})
}

// Who waits for the next phase is not forgotten when the connection ends.
func TestLinkThatIsClosedWhileReadingWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := memPipe("198.51.100.7:40000")
		defer theirs.Close()
		l := newLink(ours, &flood{}, &chunks{})
		l.phase.Store(phaseService)
		l.in, l.read = phaseService, beforeService
		done := make(chan error)
		go func() {
			_, err := l.Read(make([]byte, 1))
			done <- err
		}()
		synctest.Wait()
		l.Close()
		if err := <-done; !errors.Is(err, net.ErrClosed) {
			t.Errorf("got %v", err)
		}
	})
}
