package template

import (
	"testing"

	"github.com/jailsh/jailsh/etc"
)

func TestBasic(t *testing.T) {
	dir := t.TempDir()
	info, err := Build(t.Context(), Options{Dir: dir, Name: "basic", Profiles: etc.Profiles()})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%+v", info)
}
