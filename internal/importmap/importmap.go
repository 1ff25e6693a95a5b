// Package importmap turns the records of a foreign platform, under its own
// field names, into intakes of ours (导入对照). How is a document that a site
// writes; nothing of a foreign platform is in the program. It reads and writes
// no files.
package importmap

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Format names the version of the document.
const Format = "liandong-map/1"

// Map says how a record becomes an intake.
type Map struct {
	Format string           `json:"format"`
	Name   string           `json:"name"`
	Fields map[string]Field `json:"fields"` // field of ours → where it comes from
}

// Field is where a field of ours comes from.
type Field struct {
	From  []string          `json:"from,omitempty"`  // fields of the record, in this order
	Join  string            `json:"join,omitempty"`  // between them; "" is a line break
	Value string            `json:"value,omitempty"` // always this, instead of from
	Codes map[string]string `json:"codes,omitempty"` // their code → ours; any other is wrong
	Time  string            `json:"time,omitempty"`  // layout of their time as Go writes it; Asia/Shanghai where it names no zone
	Must  bool              `json:"must,omitempty"`  // a record without it is wrong
}

// targets are the fields of an intake that a map may fill, with their kinds.
var targets = map[string]string{"external_id": "text", "text": "text", "channel": "text", "occurred_at": "time", "region": "text", "address": "text",
	"caller.name": "text", "caller.phone": "text", "caller.language": "text", "confidential": "bool", "category": "text"}

// Personal says that a field of ours is shown to nobody without need.
func Personal(field string) bool {
	return strings.HasPrefix(field, "caller.") || field == "address" || field == "text"
}

var zone = time.FixedZone("Asia/Shanghai", 8*3600)

// Parse reads a map and checks it. All faults are told at once.
func Parse(doc []byte) (Map, error) {
	var m Map
	d := json.NewDecoder(bytes.NewReader(doc))
	d.DisallowUnknownFields()
	if err := d.Decode(&m); err != nil {
		return Map{}, fmt.Errorf("map: %w", err)
	}
	var faults []error
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	if m.Format != Format {
		fault("format: want %s", Format)
	}
	for _, must := range []string{"text", "external_id"} { // without an id of theirs a second run would double the case
		if _, ok := m.Fields[must]; !ok {
			fault("fields: %s is missing", must)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(m.Fields)) {
		f, kind := m.Fields[name], targets[name]
		switch {
		case kind == "":
			fault("fields.%s: no such field; there are %s", name, strings.Join(slices.Sorted(maps.Keys(targets)), ", "))
		case (len(f.From) == 0) == (f.Value == ""):
			fault("fields.%s: want from or value, one of them", name)
		case kind == "time" && f.Time == "":
			fault("fields.%s: want the layout of the time", name)
		case kind != "time" && f.Time != "":
			fault("fields.%s: is no time", name)
		case f.Time != "" && !strings.Contains(f.Time, "2006"):
			fault("fields.%s.time: want a layout like 2006-01-02 15:04:05", name)
		}
		for _, to := range f.Codes {
			if kind == "bool" && to != "true" && to != "false" {
				fault("fields.%s.codes: want true or false, not %q", name, to)
			}
		}
		if kind == "bool" && f.Value == "" && len(f.Codes) == 0 {
			fault("fields.%s: want codes for true and false", name)
		}
	}
	return m, errors.Join(faults...)
}

// Apply makes the intake of a record: a value for each field of ours that it
// fills. All faults of the record are told at once; they quote no value.
func (m Map) Apply(record map[string]string) (map[string]any, error) {
	out := map[string]any{}
	var faults []error
	for _, name := range slices.Sorted(maps.Keys(m.Fields)) {
		f := m.Fields[name]
		s, err := f.read(record)
		switch {
		case err != nil:
			faults = append(faults, fmt.Errorf("%s: %w", name, err))
			continue
		case s == "":
			if f.Must || name == "text" || name == "external_id" {
				faults = append(faults, fmt.Errorf("%s: nothing in %s", name, strings.Join(f.From, ", ")))
			}
			continue
		}
		var v any = s
		if targets[name] == "bool" {
			v = s == "true"
		}
		if in, ok := strings.CutPrefix(name, "caller."); ok {
			caller, _ := out["caller"].(map[string]any)
			if caller == nil {
				caller = map[string]any{}
				out["caller"] = caller
			}
			caller[in] = v
			continue
		}
		out[name] = v
	}
	return out, errors.Join(faults...)
}

func (f Field) read(record map[string]string) (string, error) {
	if f.Value != "" {
		return f.Value, nil
	}
	var parts []string
	for _, from := range f.From {
		if v := strings.TrimSpace(record[from]); v != "" {
			parts = append(parts, v)
		}
	}
	join := f.Join
	if join == "" {
		join = "\n"
	}
	s := strings.Join(parts, join)
	if s == "" {
		return "", nil
	}
	if len(f.Codes) > 0 {
		ours, ok := f.Codes[s]
		if !ok {
			return "", fmt.Errorf("a code in %s that the map does not know", strings.Join(f.From, ", "))
		}
		return ours, nil
	}
	if f.Time != "" {
		t, err := time.ParseInLocation(f.Time, s, zone)
		if err != nil {
			return "", fmt.Errorf("the time in %s is not written as %s", strings.Join(f.From, ", "), f.Time)
		}
		return t.Format(time.RFC3339), nil
	}
	return s, nil
}

// Unused lists the fields of a record that the map takes nothing from.
func (m Map) Unused(record map[string]string) []string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(record)) {
		if !slices.ContainsFunc(slices.Collect(maps.Values(m.Fields)), func(f Field) bool { return slices.Contains(f.From, name) }) {
			out = append(out, name)
		}
	}
	return out
}
