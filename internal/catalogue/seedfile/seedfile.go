// Package seedfile reads the tables that the repository ships as data:
// comma-separated, UTF-8, a header row, lines beginning with # for comments.
//
// A person edits these files, so it reports every fault it finds at once and
// each with file and line, and goes on reading after one. It is not for the
// files that people exchange with the product.
package seedfile

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"liandong/internal/hotline"
)

// MaxBytes bounds a file: the largest we ship is a tenth of it.
const MaxBytes = 4 << 20

// Row is one line of a table.
type Row struct {
	File string
	Line int // from 1; of the record's first line
	cell map[string]string
}

// Get is the cell under a column, without the spaces around it.
func (r Row) Get(column string) string { return r.cell[column] }

// List is the cell split at |, each part without the spaces around it; nil
// where the cell is empty. Empty parts are kept, for the reader to complain of.
func (r Row) List(column string) []string {
	if r.cell[column] == "" {
		return nil
	}
	parts := strings.Split(r.cell[column], "|")
	for i, p := range parts {
		parts[i] = strings.TrimSpace(p)
	}
	return parts
}

// Where is the row's place as faults name it: "items.csv:12".
func (r Row) Where() string { return fmt.Sprintf("%s:%d", r.File, r.Line) }

// Read reads a table whose header must name exactly the given columns, in any
// order. The rows that can be read are returned beside the joined faults.
func Read(files fs.FS, name string, columns ...string) ([]Row, error) {
	b, err := fs.ReadFile(files, name)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if len(b) > MaxBytes {
		return nil, fmt.Errorf("%s: %d bytes, more than %d", name, len(b), MaxBytes)
	}
	b = bytes.TrimPrefix(b, []byte("\uFEFF")) // spreadsheets write a byte order mark
	if err := checkText(name, b); err != nil {
		return nil, err
	}
	r := csv.NewReader(bytes.NewReader(b))
	r.Comment = '#'
	r.FieldsPerRecord = -1 // counted below, so that reading goes on

	header, err := r.Read()
	if errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s:1: no header row", name)
	}
	if err != nil {
		return nil, at(name, err)
	}
	line, _ := r.FieldPos(0)
	if err := checkHeader(header, columns); err != nil {
		return nil, fmt.Errorf("%s:%d: %w", name, line, err)
	}
	return readRows(r, name, header)
}

func readRows(r *csv.Reader, name string, header []string) ([]Row, error) {
	var rows []Row
	var faults []error
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			return rows, errors.Join(faults...)
		}
		if err != nil {
			faults = append(faults, at(name, err))
			continue // the reader has moved past the broken record
		}
		line, _ := r.FieldPos(0)
		if len(record) != len(header) {
			faults = append(faults, fmt.Errorf("%s:%d: %d fields where the header has %d", name, line, len(record), len(header)))
			continue
		}
		row := Row{File: name, Line: line, cell: make(map[string]string, len(header))}
		for i, h := range header {
			row.cell[h] = strings.TrimSpace(record[i])
		}
		rows = append(rows, row)
	}
}

// FromCells makes rows of a table that came from elsewhere, such as a sheet: the
// first row is the header, a column's name ends at the first space, and rows
// without any content are left out. A short row is filled up with empty cells.
// What is wrong with the header is told by a code.
func FromCells(name string, cells [][]string, columns ...string) ([]Row, error) {
	if len(cells) == 0 {
		return nil, hotline.Errorf(hotline.Invalid, "sheet_empty", "", name)
	}
	var header []string
	for _, h := range cells[0] {
		h, _, _ = strings.Cut(strings.TrimSpace(h), " ")
		if h != "" && (!slices.Contains(columns, h) || slices.Contains(header, h)) {
			return nil, hotline.Errorf(hotline.Invalid, "sheet_column_unknown", "", name, h)
		}
		header = append(header, h)
	}
	for _, c := range columns {
		if !slices.Contains(header, c) {
			return nil, hotline.Errorf(hotline.Invalid, "sheet_column_missing", "", name, c)
		}
	}
	var rows []Row
	for i, record := range cells[1:] {
		row := Row{File: name, Line: i + 2, cell: make(map[string]string, len(header))}
		full := false
		for j, h := range header {
			if j < len(record) && h != "" {
				row.cell[h] = strings.TrimSpace(record[j])
				full = full || row.cell[h] != ""
			}
		}
		if full {
			rows = append(rows, row)
		}
	}
	return rows, nil
}

// checkText refuses what no editor of these files writes on purpose: bytes
// that are not UTF-8 and control characters.
func checkText(name string, b []byte) error {
	var faults []error
	for i, line := range bytes.Split(b, []byte("\n")) {
		if !utf8.Valid(line) {
			faults = append(faults, fmt.Errorf("%s:%d: not UTF-8", name, i+1))
			continue
		}
		if bytes.ContainsFunc(bytes.TrimSuffix(line, []byte("\r")), unicode.IsControl) {
			faults = append(faults, fmt.Errorf("%s:%d: control character", name, i+1))
		}
	}
	return errors.Join(faults...)
}

// checkHeader puts all that is wrong with the header into one fault, since it
// is one line.
func checkHeader(header, columns []string) error {
	var faults []string
	for i, h := range header {
		header[i] = strings.TrimSpace(h)
		if !slices.Contains(columns, header[i]) {
			faults = append(faults, fmt.Sprintf("unknown column %q", header[i]))
		} else if slices.Contains(header[:i], header[i]) {
			faults = append(faults, fmt.Sprintf("column %q twice", header[i]))
		}
	}
	for _, c := range columns {
		if !slices.Contains(header, c) {
			faults = append(faults, fmt.Sprintf("column %q is missing", c))
		}
	}
	if len(faults) == 0 {
		return nil
	}
	return errors.New(strings.Join(faults, "; "))
}

// at gives a fault of the CSV reader its file and line.
func at(name string, err error) error {
	var p *csv.ParseError
	if errors.As(err, &p) {
		return fmt.Errorf("%s:%d: column %d: %w", name, p.Line, p.Column, p.Err)
	}
	return fmt.Errorf("%s: %w", name, err)
}
