package jail

import (
	"errors"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A program is sealed though something keeps it from that for a while, here a mapping.
func TestSealWaitsForWhoHoldsAPage(t *testing.T) {
	t.Parallel()
	fd, err := memfd("held")
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	if _, err := unix.Write(fd, []byte("a page")); err != nil {
		t.Fatal(err)
	}
	page, err := unix.Mmap(fd, 0, 6, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := unix.FcntlInt(uintptr(fd), unix.F_ADD_SEALS, unix.F_SEAL_WRITE); !errors.Is(err, unix.EBUSY) {
		t.Fatalf("it isn't held: %v", err)
	}
	time.AfterFunc(3*sealPause, func() {
		if err := unix.Munmap(page); err != nil {
			t.Error(err)
		}
	})
	if err := seal(fd); err != nil {
		t.Fatal(err)
	}
	if _, err := unix.Write(fd, []byte("another")); !errors.Is(err, unix.EPERM) {
		t.Errorf("it can be written to: %v", err)
	}
}
