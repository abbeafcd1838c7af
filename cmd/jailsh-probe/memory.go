package main

import (
	"encoding/binary"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// memory is a page for arguments of system calls that are tables: the collector
// of garbage neither moves nor frees it.
type memory struct{ free []byte }

func newMemory() (*memory, error) {
	page, err := unix.Mmap(-1, 0, os.Getpagesize(), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	return &memory{page}, err
}

// take copies b to the page, followed by zeros, and returns its address.
func (m *memory) take(b []byte) uintptr {
	at := addressOf(m.free)
	n := copy(m.free, b)
	m.free = m.free[(n+64)&^15:]
	return uintptr(at)
}

func (m *memory) text(s string) uintptr { return m.take([]byte(s)) }

// words are 64-bit numbers.
func (m *memory) words(n ...uint64) uintptr {
	var b []byte
	for _, w := range n {
		b = binary.LittleEndian.AppendUint64(b, w)
	}
	return m.take(b)
}

func addressOf(b []byte) int64 { return int64(uintptr(unsafe.Pointer(&b[0]))) }
