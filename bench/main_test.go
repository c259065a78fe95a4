package main

import (
	"io"
	"strings"
	"testing"
)

func TestCommandLine(t *testing.T) {
	o, err := parse([]string{"-quick", "-only", "cut,memory"}, io.Discard)
	if err != nil || o.runs != 1 || o.sleepers >= 1000 || len(o.only) != 2 {
		t.Errorf("%v %+v", err, o)
	}
	if full, err := parse(nil, io.Discard); err != nil || full.sleepers != 10_000 || full.runs < 3 {
		t.Errorf("%v %+v", err, full)
	}
	for _, c := range []struct{ args, want string }{
		{"-only nothing", "there is no part"},
		{"-runs 0", "at least 1"},
		{"surplus", "unexpected argument"},
		{"-quick -write page.md", "noise"},
		{"-quick -requests numbers.json", "noise"},
	} {
		if _, err := parse(strings.Fields(c.args), io.Discard); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.args, err, c.want)
		}
	}
}

func TestResidentMemoryIsReadFromTheKernel(t *testing.T) {
	if got, err := residentOf("VmPeak:\t  9 kB\nVmRSS:\t  2048 kB\n"); err != nil || got != 2<<20 {
		t.Errorf("%d %v", got, err)
	}
	if _, err := residentOf("VmPeak:\t  9 kB\n"); err == nil {
		t.Error("no memory is taken for none")
	}
}
