package netlink_test

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"testing"

	"github.com/jailsh/jailsh/internal/netlink"
	"github.com/jailsh/jailsh/internal/netlink/space"
	"golang.org/x/sys/unix"
)

// A pair is in both namespaces, and goes from both when one end is deleted.
func TestPairs(t *testing.T) {
	t.Parallel()
	one, other := space.New(t), space.New(t)
	one.Wire(other)
	one.Address("eth0", "192.0.2.1/31")
	other.Address("eth0", "192.0.2.0/31")
	one.Serve(80)
	if said, err := other.Dial("192.0.2.1:80"); said != "192.0.2.0" {
		t.Errorf("%q, %v", said, err)
	}
	one.Route(func(r *netlink.Route) error {
		f, err := os.Open(fmt.Sprintf("/proc/%d/ns/net", other.Pid))
		if err != nil {
			return err
		}
		defer f.Close()
		again := r.AddPair(netlink.End{Name: "eth0", Address: []byte{2, 0, 0, 0, 0, 1}}, netlink.End{Name: "eth1", Address: []byte{2, 0, 0, 0, 0, 2}}, int(f.Fd()))
		if !errors.Is(again, unix.EEXIST) {
			t.Errorf("a device twice: %v", again)
		}
		return errors.Join(r.Delete("eth0"), r.Delete("eth0")) // one that is gone is no error
	})
	for _, s := range []*space.Space{one, other} {
		s.Route(func(r *netlink.Route) error {
			left, err := r.Devices("eth")
			if len(left) != 0 {
				t.Errorf("left: %v", left)
			}
			return err
		})
	}
}

func TestAddressesAreListed(t *testing.T) {
	t.Parallel()
	s := space.New(t)
	s.Address("lo", "192.0.2.7/24", "2001:db8::7/64")
	var got []string
	s.Route(func(r *netlink.Route) error {
		return r.Addresses(func(p netip.Prefix, index uint32) { got = append(got, fmt.Sprint(index, " ", p)) })
	})
	for _, want := range []string{"1 127.0.0.1/8", "1 192.0.2.7/24", "1 ::1/128", "1 2001:db8::7/64"} {
		if !slices.Contains(got, want) {
			t.Errorf("%v has no %s", got, want)
		}
	}
}

// The kernel's own words come along.
func TestTheKernelSaysWhy(t *testing.T) {
	t.Parallel()
	space.New(t).Route(func(r *netlink.Route) error {
		err := r.AddDefault(1, netip.MustParseAddr("192.0.2.1"))
		var refused *netlink.Error
		if !errors.As(err, &refused) || refused.Errno != unix.ENETUNREACH || refused.Text == "" {
			t.Errorf("%v", err)
		}
		return nil
	})
}
