// Package sheet reads and writes the spreadsheets (xlsx) that people exchange
// with the product: tables of plain text, one a sheet. What the cells mean is
// for whoever asks; formulas are neither written nor worked out.
package sheet

import (
	"errors"
	"fmt"
	"io"

	"github.com/xuri/excelize/v2"

	"liandong/internal/hotline"
)

// Table is one sheet: its name and its cells in rows, the first of which is the
// header.
type Table struct {
	Name  string
	Cells [][]string
}

// Bounds of a file that is read, unpacked, and of what it may hold.
const (
	unpackedMost = 64 << 20
	rowsMost     = 20000
)

// Write writes the tables as a workbook: header rows in bold and kept in sight,
// every cell as text, so that a telephone number keeps its zero and nothing is
// taken for a formula.
func Write(w io.Writer, tables []Table) error {
	f := excelize.NewFile()
	defer f.Close()
	bold, err := f.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true}})
	if err != nil {
		return fmt.Errorf("write sheet: %w", err)
	}
	for i, t := range tables {
		if i == 0 {
			err = f.SetSheetName("Sheet1", t.Name)
		} else {
			_, err = f.NewSheet(t.Name)
		}
		if err == nil {
			err = fill(f, t, bold)
		}
		if err != nil {
			return fmt.Errorf("write sheet %s: %w", t.Name, err)
		}
	}
	_, err = f.WriteTo(w)
	return err
}

func fill(f *excelize.File, t Table, bold int) error {
	s, err := f.NewStreamWriter(t.Name)
	if err != nil {
		return err
	}
	if err := s.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}); err != nil {
		return err
	}
	for i, row := range t.Cells {
		at, err := excelize.CoordinatesToCellName(1, i+1)
		if err != nil {
			return err
		}
		cells := make([]any, len(row))
		for j, c := range row {
			cells[j] = excelize.Cell{Value: c}
			if i == 0 {
				cells[j] = excelize.Cell{Value: c, StyleID: bold}
			}
		}
		if err := s.SetRow(at, cells); err != nil {
			return err
		}
	}
	return s.Flush()
}

// Read reads all sheets of a workbook as they are shown. What is no workbook is
// Invalid with the code sheet_unreadable, one too large sheet_large.
func Read(r io.Reader) ([]Table, error) {
	f, err := excelize.OpenReader(r, excelize.Options{UnzipSizeLimit: unpackedMost, UnzipXMLSizeLimit: unpackedMost})
	if err != nil {
		return nil, unreadable(err)
	}
	defer f.Close()
	var out []Table
	for _, name := range f.GetSheetList() {
		rows, err := f.GetRows(name)
		if err != nil {
			return nil, unreadable(err)
		}
		if len(rows) > rowsMost {
			return nil, hotline.Errorf(hotline.Invalid, "sheet_large", "file", rowsMost)
		}
		out = append(out, Table{Name: name, Cells: rows})
	}
	return out, nil
}

func unreadable(err error) error {
	e := hotline.Errorf(hotline.Invalid, "sheet_unreadable", "file")
	if errors.Is(err, excelize.ErrOptionsUnzipSizeLimit) {
		e = hotline.Errorf(hotline.Invalid, "sheet_large", "file", rowsMost)
	}
	e.Cause = err
	return e
}
