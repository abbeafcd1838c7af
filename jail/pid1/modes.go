package pid1

import (
	"github.com/jailsh/jailsh/internal/wire"
	"golang.org/x/sys/unix"
)

// Opcodes of RFC 4254 section 8 whose value is a character of c_cc.
var characters = map[uint8]int{
	1: unix.VINTR, 2: unix.VQUIT, 3: unix.VERASE, 4: unix.VKILL, 5: unix.VEOF, 6: unix.VEOL, 7: unix.VEOL2,
	8: unix.VSTART, 9: unix.VSTOP, 10: unix.VSUSP, 12: unix.VREPRINT, 13: unix.VWERASE, 14: unix.VLNEXT,
	16: unix.VSWTC, 18: unix.VDISCARD,
}

// Opcodes whose value switches a flag, by the field that it is in. 42 is IUTF8
// of RFC 8160.
var (
	inputFlags = map[uint8]uint32{
		30: unix.IGNPAR, 31: unix.PARMRK, 32: unix.INPCK, 33: unix.ISTRIP, 34: unix.INLCR, 35: unix.IGNCR,
		36: unix.ICRNL, 37: unix.IUCLC, 38: unix.IXON, 39: unix.IXANY, 40: unix.IXOFF, 41: unix.IMAXBEL, 42: unix.IUTF8,
	}
	localFlags = map[uint8]uint32{
		50: unix.ISIG, 51: unix.ICANON, 52: unix.XCASE, 53: unix.ECHO, 54: unix.ECHOE, 55: unix.ECHOK, 56: unix.ECHONL,
		57: unix.NOFLSH, 58: unix.TOSTOP, 59: unix.IEXTEN, 60: unix.ECHOCTL, 61: unix.ECHOKE, 62: unix.PENDIN,
	}
	outputFlags = map[uint8]uint32{
		70: unix.OPOST, 71: unix.OLCUC, 72: unix.ONLCR, 73: unix.OCRNL, 74: unix.ONOCR, 75: unix.ONLRET,
	}
	controlFlags = map[uint8]uint32{92: unix.PARENB, 93: unix.PARODD}
)

// Character sizes share a mask, so they set without clearing each other's bits;
// a terminal of fewer than 8 bits is of no use here (opcodes 90 and 91).
const (
	opCS7 = 90
	opCS8 = 91
)

// Line speeds (opcodes 128 and 129) mean nothing to a pseudo-terminal, but
// stty(1) shows them.
const (
	opISpeed = 128
	opOSpeed = 129
)

// vdisabled is the character that switches a function off; clients send 255
// (RFC 4254 section 8).
const clientDisabled = 255

// applyModes sets what the client's terminal has. Unknown opcodes are ignored,
// as the RFC wants.
func applyModes(t *unix.Termios, modes []wire.Mode) {
	for _, m := range modes {
		switch {
		case m.Opcode == opCS7 && m.Value != 0:
			t.Cflag = t.Cflag&^unix.CSIZE | unix.CS7
		case m.Opcode == opCS8 && m.Value != 0:
			t.Cflag = t.Cflag&^unix.CSIZE | unix.CS8
		case m.Opcode == opISpeed:
			setSpeed(t, m.Value, &t.Ispeed)
		case m.Opcode == opOSpeed:
			setSpeed(t, m.Value, &t.Ospeed)
		}
		if i, ok := characters[m.Opcode]; ok {
			t.Cc[i] = byte(m.Value)
			if m.Value == clientDisabled {
				t.Cc[i] = 0 // _POSIX_VDISABLE
			}
		}
		setFlag(&t.Iflag, inputFlags[m.Opcode], m.Value)
		setFlag(&t.Lflag, localFlags[m.Opcode], m.Value)
		setFlag(&t.Oflag, outputFlags[m.Opcode], m.Value)
		setFlag(&t.Cflag, controlFlags[m.Opcode], m.Value)
	}
}

func setFlag(field *uint32, flag, value uint32) {
	if value != 0 {
		*field |= flag
	} else {
		*field &^= flag
	}
}

var speeds = map[uint32]uint32{
	9600: unix.B9600, 19200: unix.B19200, 38400: unix.B38400, 57600: unix.B57600, 115200: unix.B115200,
}

func setSpeed(t *unix.Termios, baud uint32, field *uint32) {
	if code, ok := speeds[baud]; ok {
		t.Cflag = t.Cflag&^unix.CBAUD | code
		*field = baud
	}
}
