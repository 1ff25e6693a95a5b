package web

import (
	"encoding/base64"
	"fmt"
	"html/template"

	"liandong/internal/attachment"
	"liandong/internal/desk"
	"liandong/internal/hotline"
)

// SeatFiles are the files of an intake while it is being written: what is there,
// and a field for more. Without a script they come with the form, whichever
// button sends it; with one each goes at once.
type SeatFiles struct {
	Form
	Rows   []SeatFile
	Accept string
	Most   int64 // MB
}

// SeatFile is one of them, as who put it up sees it.
type SeatFile struct {
	desk.IntakeFileView
	Picture template.URL
}

func (s *site) seatFiles(q *request, f Form, key string) (SeatFiles, error) {
	out := SeatFiles{Form: f, Accept: acceptFiles, Most: attachment.MostBytes >> 20}
	files, err := s.desk.IntakeFiles(q.ctx(), q.actor, key)
	if err != nil {
		return out, err
	}
	for _, file := range files {
		row := SeatFile{IntakeFileView: file}
		if len(file.Preview) > 0 { // our own JPEG
			row.Picture = template.URL("data:image/jpeg;base64," + base64.StdEncoding.EncodeToString(file.Preview))
		}
		out.Rows = append(out.Rows, row)
	}
	return out, nil
}

// stageFiles keeps the files of a form beside its draft, so that nothing that is
// wrong with the rest of it loses them.
func (s *site) stageFiles(q *request) error {
	if q.MultipartForm == nil {
		return nil
	}
	for _, h := range q.MultipartForm.File["file"] {
		if h.Filename == "" && h.Size == 0 {
			continue
		}
		f, err := h.Open()
		if err != nil {
			return fmt.Errorf("read the form's file: %w", err)
		}
		err = s.desk.PutIntakeFile(q.ctx(), q.actor, q.field("key"), h.Filename, h.Size, f)
		f.Close()
		if err != nil {
			return err
		}
	}
	return nil
}

// putSeatFiles takes files for the draft: the list of them for a script, the
// whole page without one.
func (s *site) putSeatFiles(q *request) error {
	if err := s.stageFiles(q); err != nil {
		return err
	}
	return s.showSeatFiles(q)
}

// dropSeatFile takes one out again; without a name all of them.
func (s *site) dropSeatFile(q *request) error {
	if err := s.desk.DropIntakeFile(q.ctx(), q.actor, q.field("key"), q.field("drop")); err != nil {
		return err
	}
	return s.showSeatFiles(q)
}

// showSeatFiles is the list of a draft's files.
func (s *site) showSeatFiles(q *request) error {
	if q.Method == "POST" && !q.wantsJSON() {
		return s.seatPage(q)
	}
	part, err := s.seatFiles(q, Form{values: q.Form}, q.field("key"))
	if err != nil {
		return err
	}
	return s.part(q, "seat", "seat-files", part)
}

// stagedBefore says that files came too late, with a click that came twice: the
// first one has taken the case and them.
func stagedBefore(err error) bool { return hotline.CodeOf(err) == "intake_taken" }
