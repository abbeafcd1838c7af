package wire

import (
	"reflect"
	"testing"
)

// decodeAnything is what each decoder has to stand: any bytes at all. What it
// accepts must come back the same when it is sent again.
func decodeAnything(f *testing.F, name string) {
	f.Helper()
	sample := full()[name]
	body, err := Encode(sample)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(body)
	f.Fuzz(func(t *testing.T, body []byte) {
		m := reflect.New(reflect.TypeOf(sample).Elem()).Interface().(Message)
		if Decode(body, m) != nil {
			return
		}
		again, err := Encode(m)
		if err != nil {
			t.Fatalf("decoded, but can't be encoded: %v", err)
		}
		if string(again) != string(body) {
			t.Fatalf("%x came back as %x", body, again)
		}
	})
}

func FuzzPacket(f *testing.F) {
	f.Add([]byte{1, 1, 0, 0, 0, 1})
	f.Add([]byte{9, 1, 0, 0, 0, 1, 7})
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := parsePacket(b)
		if err == nil && string(append(p.header(), p.Body...)) != string(b) {
			t.Fatalf("%x came back as %x", b, append(p.header(), p.Body...))
		}
	})
}

func FuzzEmpty(f *testing.F)     { decodeAnything(f, "Empty") }
func FuzzFailure(f *testing.F)   { decodeAnything(f, "Failure") }
func FuzzNetConfig(f *testing.F) { decodeAnything(f, "NetConfig") }
func FuzzPenalties(f *testing.F) { decodeAnything(f, "Penalties") }
func FuzzPenalised(f *testing.F) { decodeAnything(f, "Penalised") }
func FuzzLookup(f *testing.F)    { decodeAnything(f, "Lookup") }
func FuzzGrant(f *testing.F)     { decodeAnything(f, "Grant") }
func FuzzNotice(f *testing.F)    { decodeAnything(f, "Notice") }
func FuzzStatus(f *testing.F)    { decodeAnything(f, "Status") }
func FuzzSign(f *testing.F)      { decodeAnything(f, "Sign") }
func FuzzSignature(f *testing.F) { decodeAnything(f, "Signature") }
func FuzzVerify(f *testing.F)    { decodeAnything(f, "Verify") }
func FuzzVerified(f *testing.F)  { decodeAnything(f, "Verified") }
func FuzzOpen(f *testing.F)      { decodeAnything(f, "Open") }
func FuzzOpened(f *testing.F)    { decodeAnything(f, "Opened") }
func FuzzRecord(f *testing.F)    { decodeAnything(f, "Record") }
func FuzzRecords(f *testing.F)   { decodeAnything(f, "Records") }
func FuzzRecording(f *testing.F) { decodeAnything(f, "Recording") }
func FuzzRecorded(f *testing.F)  { decodeAnything(f, "Recorded") }
func FuzzSeal(f *testing.F)      { decodeAnything(f, "Seal") }
func FuzzSpawn(f *testing.F)     { decodeAnything(f, "Spawn") }
func FuzzSpawned(f *testing.F)   { decodeAnything(f, "Spawned") }
func FuzzSignal(f *testing.F)    { decodeAnything(f, "Signal") }
func FuzzDial(f *testing.F)      { decodeAnything(f, "Dial") }
func FuzzListen(f *testing.F)    { decodeAnything(f, "Listen") }
func FuzzListening(f *testing.F) { decodeAnything(f, "Listening") }
func FuzzKeep(f *testing.F)      { decodeAnything(f, "Keep") }
func FuzzRelease(f *testing.F)   { decodeAnything(f, "Release") }
func FuzzAdopt(f *testing.F)     { decodeAnything(f, "Adopt") }
func FuzzTerminal(f *testing.F)  { decodeAnything(f, "Terminal") }
func FuzzTerminals(f *testing.F) { decodeAnything(f, "Terminals") }
func FuzzExit(f *testing.F)      { decodeAnything(f, "Exit") }
func FuzzSpec(f *testing.F)      { decodeAnything(f, "Spec") }

func FuzzListSessions(f *testing.F) { decodeAnything(f, "ListSessions") }
func FuzzSession(f *testing.F)      { decodeAnything(f, "Session") }
func FuzzSessions(f *testing.F)     { decodeAnything(f, "Sessions") }
func FuzzKill(f *testing.F)         { decodeAnything(f, "Kill") }
func FuzzWatch(f *testing.F)        { decodeAnything(f, "Watch") }
