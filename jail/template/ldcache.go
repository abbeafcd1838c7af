package template

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
)

// cacheEntry is one library of /etc/ld.so.cache.
type cacheEntry struct {
	name, path string
	flags      uint32 // kind of library and architecture, as ldconfig wrote it
	hwcap      uint64 // not 0: only for processors that have a feature
}

// The layout is that of glibc's sysdeps/generic/dl-cache.h, struct
// cache_file_new: a header, the entries in the order in which the loader's
// binary search wants them, the strings. Offsets count from the header.
const (
	cacheMagic     = "glibc-ld.so.cache1.1"
	cacheHeader    = 48
	cacheEntrySize = 24
	cacheLittle    = 2         // cache_file_new_flags_endian_little
	maxCache       = 64 << 20  // bytes; 5,000 libraries take 400 KB
	maxCacheString = maxString // bytes of one name or path
)

// parseCache reads a cache as ldconfig writes it since glibc 2.32.
func parseCache(b []byte) ([]cacheEntry, error) {
	if !bytes.HasPrefix(b, []byte(cacheMagic)) {
		return nil, errors.New("not in glibc's new format - run: ldconfig -c new")
	}
	if len(b) < cacheHeader {
		return nil, errors.New("shorter than its header - run: ldconfig")
	}
	if endian := b[28] & 3; endian != 0 && endian != cacheLittle {
		return nil, errors.New("written for another byte order - run: ldconfig")
	}
	count := uint64(binary.LittleEndian.Uint32(b[20:]))
	if count > uint64(len(b)-cacheHeader)/cacheEntrySize {
		return nil, fmt.Errorf("announces %d libraries and is too short for them - run: ldconfig", count)
	}
	entries := make([]cacheEntry, 0, count)
	for i := range int(count) {
		e := b[cacheHeader+i*cacheEntrySize:]
		name, errName := cacheString(b, binary.LittleEndian.Uint32(e[4:]))
		path, errPath := cacheString(b, binary.LittleEndian.Uint32(e[8:]))
		if err := errors.Join(errName, errPath); err != nil {
			return nil, fmt.Errorf("library %d: %w - run: ldconfig", i, err)
		}
		entries = append(entries, cacheEntry{
			name: name, path: path,
			flags: binary.LittleEndian.Uint32(e),
			hwcap: binary.LittleEndian.Uint64(e[16:]),
		})
	}
	return entries, nil
}

func cacheString(b []byte, off uint32) (string, error) {
	if uint64(off) >= uint64(len(b)) {
		return "", errors.New("a string lies outside the file")
	}
	s := b[off:]
	end := bytes.IndexByte(s[:min(len(s), maxCacheString)], 0)
	if end < 0 {
		return "", errors.New("a string has no end")
	}
	return string(s[:end]), nil
}

// encodeCache writes entries in the order given, which must be the loader's:
// a selection of a parsed cache has it.
func encodeCache(entries []cacheEntry) []byte {
	var text []byte
	b := make([]byte, cacheHeader, cacheHeader+len(entries)*cacheEntrySize)
	start := cap(b)
	for _, e := range entries {
		b = binary.LittleEndian.AppendUint32(b, e.flags)
		b = binary.LittleEndian.AppendUint32(b, uint32(start+len(text)))
		text = append(append(text, e.name...), 0)
		b = binary.LittleEndian.AppendUint32(b, uint32(start+len(text)))
		text = append(append(text, e.path...), 0)
		b = binary.LittleEndian.AppendUint32(b, 0) // the kernel version it asks for, unused
		b = binary.LittleEndian.AppendUint64(b, e.hwcap)
	}
	copy(b, cacheMagic)
	binary.LittleEndian.PutUint32(b[20:], uint32(len(entries)))
	binary.LittleEndian.PutUint32(b[24:], uint32(len(text)))
	b[28] = cacheLittle
	return append(b, text...)
}
