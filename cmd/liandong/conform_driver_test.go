package main

import (
	"bytes"
	"errors"
	"path/filepath"
	"testing"

	"liandong/internal/conform"
	"liandong/internal/leg"
)

// What a driver prints can be told from the kit's own lines, and it can say that
// it does not do what it is asked for.
func TestDriverSaysSo(t *testing.T) {
	script := filepath.Join(t.TempDir(), "drive.sh")
	write(t, script, "echo asked to $1 $2; printf half >&2; case $1 in keys) exit 3;; accept) exit 1;; esac\n")
	var out bytes.Buffer
	d := programDriver{"sh " + script, &out}
	if err := d.Do(t.Context(), leg.Progress, "leg-1"); err != nil {
		t.Errorf("got %v, want done", err)
	}
	if got, want := out.String(), "driver: asked to progress leg-1\ndriver: half\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if err := d.NewKey(t.Context()); !errors.Is(err, conform.ErrNotTried) {
		t.Errorf("exit status 3: got %v, want not tried", err)
	}
	if err := d.Do(t.Context(), leg.Accept, "leg-1"); err == nil || errors.Is(err, conform.ErrNotTried) {
		t.Errorf("exit status 1: got %v, want a failure", err)
	}
}
