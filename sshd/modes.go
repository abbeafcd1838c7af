package sshd

import (
	"encoding/binary"

	"github.com/jailsh/jailsh/internal/wire"
)

// Opcodes of encoded terminal modes, RFC 4254 section 8.
const (
	modeEnd       = 0   // TTY_OP_END
	modeLastKnown = 159 // up to here each has one uint32; above, parsing stops
)

// maxModesLen bounds the encoded modes of a pty-req, in bytes. All 159 opcodes
// that may have an argument take 796.
const maxModesLen = 4 << 10

// knownMode reports whether opcode is one of RFC 4254 section 8 or RFC 8160
// (IUTF8); others are skipped, as the RFC says.
func knownMode(opcode byte) bool {
	switch {
	case opcode >= 1 && opcode <= 18: // VINTR ... VDISCARD
	case opcode >= 30 && opcode <= 42: // IGNPAR ... IMAXBEL, IUTF8
	case opcode >= 50 && opcode <= 62: // ISIG ... PENDIN
	case opcode >= 70 && opcode <= 75: // OPOST ... ONLRET
	case opcode >= 90 && opcode <= 93: // CS7, CS8, PARENB, PARODD
	case opcode >= 128 && opcode <= 129: // TTY_OP_ISPEED, TTY_OP_OSPEED
	default:
		return false
	}
	return true
}

// parseModes decodes terminal modes. It can't fail: like OpenSSH it keeps what
// came before an end, an opcode above 159, or an argument that is cut off. An
// opcode that comes twice keeps its place and its last value, so the result is
// bounded by the number of known opcodes.
func parseModes(b []byte) []wire.Mode {
	var modes []wire.Mode
	var place [modeLastKnown + 1]uint8 // index+1 in modes
	for len(b) >= 5 && b[0] != modeEnd && b[0] <= modeLastKnown {
		opcode, value := b[0], binary.BigEndian.Uint32(b[1:])
		b = b[5:]
		switch at := place[opcode]; {
		case !knownMode(opcode):
		case at > 0:
			modes[at-1].Value = value
		default:
			modes = append(modes, wire.Mode{Opcode: opcode, Value: value})
			place[opcode] = uint8(len(modes))
		}
	}
	return modes
}
