package egress

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"net/netip"
	"sync"
)

// maxCells is how many cells can have a way out at a time: four hexadecimal
// digits of a device's name.
const maxCells = 1 << 16

// pool deals pairs of addresses out: number n has the n-th /31 (RFC 3021) and the
// n-th /127 (RFC 6164). One that was given back is dealt out again as late as can
// be: what the world still sends to it is for the one who had it.
type pool struct {
	networks []netip.Prefix
	size     uint32

	mu    sync.Mutex
	next  uint32
	taken map[uint32]bool
}

func newPool(networks []netip.Prefix) *pool {
	p := &pool{networks: networks, size: maxCells, taken: map[uint32]bool{}}
	for _, n := range networks {
		if bits := n.Addr().BitLen() - 1 - n.Bits(); bits < 16 {
			p.size = min(p.size, 1<<max(bits, 0))
		}
	}
	var start [4]byte // as late as can be, over a restart too
	_, _ = rand.Read(start[:])
	p.next = binary.NativeEndian.Uint32(start[:]) % p.size
	return p
}

var errPoolEmpty = errors.New("egress_addresses: every address is taken - give it a larger network")

func (p *pool) take() (uint32, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for range p.size {
		n := p.next
		p.next = (p.next + 1) % p.size
		if !p.taken[n] {
			p.taken[n] = true
			return n, nil
		}
	}
	return 0, errPoolEmpty
}

func (p *pool) give(n uint32) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.taken, n)
}

// pair is the two ends of one wire.
type pair struct{ gateway, own netip.Addr }

func (p *pool) pairs(n uint32) []pair {
	var all []pair
	for _, network := range p.networks {
		base := network.Masked().Addr().AsSlice()
		low := base[len(base)-4:] // as many bits as a number has
		at := binary.BigEndian.Uint32(low) + 2*n
		binary.BigEndian.PutUint32(low, at)
		gateway, _ := netip.AddrFromSlice(base)
		all = append(all, pair{gateway, gateway.Next()})
	}
	return all
}
