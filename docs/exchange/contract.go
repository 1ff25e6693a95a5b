// Package contract embeds the published contract between two platforms (对接协议):
// the JSON Schemas of the letters and the golden examples, as they stand in this
// directory. The receiver of a node checks with exactly what is published, and
// the conformance kit sends exactly the examples.
//
// It holds files and no rules.
package contract

import (
	"embed"
	"io/fs"
	"path"
	"strings"
)

//go:embed schema/*.json
var schemas embed.FS

//go:embed examples
var examples embed.FS

//go:embed table/*.sql
var tables embed.FS

// TableDDL is the shared table of the carrier "table" for an engine, postgres or
// sqlite; it panics for another.
func TableDDL(engine string) string {
	ddl, err := tables.ReadFile("table/" + engine + ".sql")
	if err != nil {
		panic(err) // the directory is embedded
	}
	return string(ddl)
}

// Names of the two schemas that are no type of letter.
const (
	Envelope = "envelope"
	Private  = "private"
)

// BaseURL is where the schemas' $id begins. It names them and is no address.
const BaseURL = "https://liandong.example/exchange/v1/"

// Schemas returns the JSON Schemas (draft 2020-12) by name: "envelope",
// "private", and one for each type of letter.
func Schemas() map[string][]byte {
	return files(schemas, "schema", ".json")
}

// Types lists the types of letter that have a schema, sorted.
func Types() []string {
	var out []string
	for _, name := range names(schemas, "schema", ".json") {
		if name != Envelope && name != Private {
			out = append(out, name)
		}
	}
	return out
}

// Valid returns the golden letters by name.
func Valid() map[string][]byte { return files(examples, "examples/valid", ".json") }

// Canonical returns what is hashed of each valid letter, by name.
func Canonical() map[string][]byte { return files(examples, "examples/valid", ".canonical") }

// Invalid returns letters that must be refused, by name.
func Invalid() map[string]Refused {
	codes := files(examples, "examples/invalid", ".error")
	out := make(map[string]Refused, len(codes))
	for name, wire := range files(examples, "examples/invalid", ".json") {
		code, field, _ := strings.Cut(strings.TrimSpace(string(codes[name])), " ")
		out[name] = Refused{Wire: wire, Code: code, Field: field}
	}
	return out
}

// Refused is a letter that must be refused: with which code, and at which field
// (a JSON pointer, "" for the whole letter).
type Refused struct {
	Wire  []byte
	Code  string
	Field string
}

// TestKeys returns the files of the keys that made the examples, by platform
// code: keyrings with their secrets, known to everyone, for nothing but tests.
func TestKeys() map[string][]byte { return files(examples, "examples/keys", ".keyring.json") }

func files(from fs.FS, dir, ext string) map[string][]byte {
	out := map[string][]byte{}
	for _, name := range names(from, dir, ext) {
		b, err := fs.ReadFile(from, path.Join(dir, name+ext))
		if err != nil {
			panic(err) // it was listed a moment ago
		}
		out[name] = b
	}
	return out
}

func names(from fs.FS, dir, ext string) []string {
	entries, err := fs.ReadDir(from, dir)
	if err != nil {
		panic(err) // the directory is embedded
	}
	var out []string
	for _, e := range entries {
		if name, ok := strings.CutSuffix(e.Name(), ext); ok {
			out = append(out, name)
		}
	}
	return out
}
