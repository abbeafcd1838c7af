package main

import (
	"strings"

	"rsc.io/qr"
)

// quiet is how many light modules are around a QR code. The standard wants four;
// readers of screens do with two, and the code then fits a terminal of 24 lines.
const quiet = 2

// qrCode draws text as a QR code of black on white, whatever the terminal's
// colours are: two modules to a character, one above the other.
func qrCode(text string) (string, error) {
	code, err := qr.Encode(text, qr.L)
	if err != nil {
		return "", err
	}
	const colours, reset = "\x1b[38;5;16;48;5;231m", "\x1b[0m"
	blocks := map[[2]bool]string{{false, false}: " ", {true, false}: "▀", {false, true}: "▄", {true, true}: "█"}
	var b strings.Builder
	for y := -quiet; y < code.Size+quiet; y += 2 {
		b.WriteString(colours)
		for x := -quiet; x < code.Size+quiet; x++ {
			b.WriteString(blocks[[2]bool{code.Black(x, y), code.Black(x, y+1)}]) // outside nothing is black
		}
		b.WriteString(reset + "\n")
	}
	return b.String(), nil
}
