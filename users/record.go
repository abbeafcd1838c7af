package users

import (
	"fmt"

	"github.com/jailsh/jailsh/internal/strict"
	"github.com/jailsh/jailsh/internal/wire"
)

// recordNames are the values of record, by those of wire.
var recordNames = [...]string{wire.RecordOff: "off", wire.RecordOn: "on", wire.RecordStrict: "strict"}

func readRecord(v *strict.Value) (uint8, bool) {
	s, ok := v.Text(maxName)
	if !ok {
		return 0, false
	}
	for how, name := range recordNames {
		if s == name {
			return uint8(how), true
		}
	}
	v.Bad(fmt.Sprintf("%q is no way to record", s), `use "off", "on" or "strict"`)
	return 0, false
}

// RecordName is the value of record that a grant has, as the file has it.
func RecordName(how uint8) string { return recordNames[how] }
