package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"liandong/internal/leg"
)

// The page that documents the states is what the table says today.
func TestPageIsFresh(t *testing.T) {
	root, err := findRoot()
	if err != nil {
		t.Fatal(err)
	}
	want, err := page(root)
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(root, target))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("%s is behind the table: run go run ./internal/leg/gen (-want +got):\n%s", target, diff)
	}
	for _, s := range leg.States() {
		if !strings.Contains(want, "| `"+string(s)+"` |") {
			t.Errorf("the page does not tell of %s", s)
		}
	}
	for _, v := range leg.Verbs() {
		if !strings.Contains(want, "`"+string(v)+"` ") {
			t.Errorf("the page does not tell of %s", v)
		}
	}
}

// A state or verb without a word for people is a fault of the page, not a hole
// in it.
func TestMissingWordIsAFault(t *testing.T) {
	root := t.TempDir()
	for _, lang := range []string{"zh-CN", "en"} {
		dir := filepath.Join(root, "internal/message", lang)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "word.txt"), []byte("# words\nstate.sent = x\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	_, err := page(root)
	if err == nil || !strings.Contains(err.Error(), "state.received") || strings.Contains(err.Error(), "state.sent,") {
		t.Errorf("got %v, want an error that names state.received and not state.sent", err)
	}
}
