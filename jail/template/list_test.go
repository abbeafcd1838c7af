package template

import (
	"fmt"
	"testing"
)

func TestList(t *testing.T) {
	t.Parallel()
	o := options(t, mergedUsr(), shellProfile)
	if list, err := List(o.Dir); len(list) != 0 || err != nil {
		t.Errorf("a directory that isn't there has %v, %v", list, err)
	}
	info := mustBuild(t, o)
	o.Name, o.Profile = "other", []string{"t"}
	other := mustBuild(t, o)
	tree{"file": "", "dir/x": "", "half/builds/": ""}.on(t, o.Dir)
	list, err := List(o.Dir)
	if fmt.Sprintf("%+v", list) != fmt.Sprintf("%+v", []Info{*other, *info}) {
		t.Errorf("got %+v, want %+v", list, []*Info{other, info})
	}
	if err == nil || err.Error() != "template half: not built - run: jailsh template build half" {
		t.Errorf("got %v", err)
	}
}
