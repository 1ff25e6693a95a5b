package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	linked = regexp.MustCompile(`\]\(([^)#]+)[^)]*\)`)
	// named are files of ours that a table names: `leg/table.go`, `desk/act.go`.
	named = regexp.MustCompile("`([a-z]+(?:/[a-z_*]+)*/[a-z_]+\\.(?:go|csv|txt))`")
	told  = regexp.MustCompile("`liandong ([a-z]+)")
)

// What the documents point at is there.
func TestDocumentsPointSomewhere(t *testing.T) {
	root := "../.."
	pages := []string{"README.md", "README.zh-CN.md", "CHANGELOG.md"}
	for _, pattern := range []string{"docs/*.md", "docs/decisions/*.md", "docs/exchange/*.md"} {
		found, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range found {
			pages = append(pages, strings.TrimPrefix(filepath.ToSlash(f), root+"/"))
		}
	}
	if len(pages) < 10 {
		t.Fatalf("found %d pages: has a directory moved?", len(pages))
	}
	commands := map[string]bool{}
	for _, c := range newRoot().Commands() {
		commands[c.Name()] = true
	}
	for _, page := range pages {
		b, err := os.ReadFile(filepath.Join(root, page))
		if err != nil {
			t.Error(err)
			continue
		}
		for _, m := range linked.FindAllStringSubmatch(string(b), -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			if _, err := os.Stat(filepath.Join(root, filepath.Dir(page), m[1])); err != nil {
				t.Errorf("%s points at %s, which is not there", page, m[1])
			}
		}
		for _, m := range named.FindAllStringSubmatch(string(b), -1) {
			if !exists(root, m[1]) {
				t.Errorf("%s names %s, which is not there", page, m[1])
			}
		}
		if strings.HasPrefix(page, "docs/exchange/") { // there "liandong …" stands in what is signed
			continue
		}
		for _, m := range told.FindAllStringSubmatch(string(b), -1) {
			if !commands[m[1]] {
				t.Errorf("%s tells of the command %s, which is not there", page, m[1])
			}
		}
	}
}

// exists looks from the root and from internal, where most names begin.
func exists(root, name string) bool {
	for _, from := range []string{"", "internal"} {
		found, err := filepath.Glob(filepath.Join(root, from, name))
		if err == nil && len(found) > 0 {
			return true
		}
	}
	return false
}
