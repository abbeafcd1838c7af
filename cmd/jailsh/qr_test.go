package main

import (
	"strings"
	"testing"

	"rsc.io/qr"
)

// What is drawn is the code, module by module, with light all around it, and fits
// a terminal.
func TestQRCode(t *testing.T) {
	t.Parallel()
	const text = "otpauth://totp/shell.example.org:alice?issuer=shell.example.org&secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
	picture, err := qrCode(text)
	if err != nil {
		t.Fatal(err)
	}
	code, err := qr.Encode(text, qr.L)
	if err != nil {
		t.Fatal(err)
	}
	halves := map[rune][2]bool{' ': {false, false}, '▀': {true, false}, '▄': {false, true}, '█': {true, true}}
	rows := strings.Split(strings.TrimSuffix(picture, "\n"), "\n")
	for y, row := range rows {
		row = strings.TrimSuffix(strings.TrimPrefix(row, "\x1b[38;5;16;48;5;231m"), "\x1b[0m")
		cells := []rune(row)
		if len(cells) != code.Size+2*quiet {
			t.Fatalf("row %d has %d cells", y, len(cells))
		}
		for x, cell := range cells {
			for half, black := range halves[cell] {
				if at := 2*y + half - quiet; black != code.Black(x-quiet, at) {
					t.Fatalf("module %d, %d", x-quiet, at)
				}
			}
		}
	}
	if len(rows) > 22 {
		t.Errorf("%d rows", len(rows))
	}
	if _, err := qrCode(strings.Repeat("x", 5000)); err == nil {
		t.Error("more than a code holds was drawn")
	}
}
