package desk_test

import (
	"bytes"
	"testing"
	"time"

	"liandong/internal/attachment"
	"liandong/internal/desk"
	"liandong/internal/hotline"
)

// What was put to an intake is the case's once it is taken: the whole content,
// once, under the case's key, and named to who got a leg.
func TestIntakeFiles(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		photo, pdf := aPhoto(t, 2*attachment.PartSize), []byte("%PDF-1.7 测试")
		put := func(a hotline.Actor, key, name string, content []byte) error {
			return w.PutIntakeFile(ctx, a, key, name, int64(len(content)), bytes.NewReader(content))
		}
		for range 2 { // a line that broke, or a click that came twice
			if err := put(w.lead, "form-1", "张测试家.jpg", photo); err != nil {
				t.Fatal(err)
			}
		}
		for name, content := range map[string][]byte{"说明.pdf": pdf, "多余.pdf": []byte("%PDF-1.7 多余")} {
			if err := put(w.lead, "form-1", name, content); err != nil {
				t.Fatal(err)
			}
		}
		wantCode(t, "no photo", put(w.lead, "form-1", "页.jpg", []byte("<html>")), "attachment_kind")
		wantCode(t, "no key", put(w.lead, "", "说明.pdf", pdf), "form_invalid")
		wantCode(t, "an auditor", put(w.actor(hotline.Auditor, "", ""), "form-1", "说明.pdf", pdf), "denied")
		files := must(w.IntakeFiles(ctx, w.lead, "form-1"))(t)
		if len(files) != 3 || len(must(w.IntakeFiles(ctx, w.actor(hotline.Operator, "", ""), "form-1"))(t)) != 0 {
			t.Fatalf("got %d files, want three of one's own and none of others'", len(files))
		}
		for _, f := range files {
			switch f.Name {
			case "张测试家.jpg":
				if attachment.Sniff(f.Preview) != "image/jpeg" || f.Size != int64(len(photo)) {
					t.Errorf("the photo: got %d bytes and a preview of %d", f.Size, len(f.Preview))
				}
			case "多余.pdf":
				if err := w.DropIntakeFile(ctx, w.lead, "form-1", f.ID); err != nil {
					t.Fatal(err)
				}
			}
		}
		in := desk.In{Text: plain, Channel: "phone", Region: lhasa, Key: "form-1", WithFiles: true, Legs: []desk.Order{{To: "110"}}}
		_, _, err := w.Intake(ctx, w.lead, desk.In{Text: plain, Channel: "odd", Key: "form-1", WithFiles: true})
		wantCode(t, "a refused intake", err, "channel_unknown")
		v, created, err := w.Intake(ctx, w.lead, in)
		if err != nil || !created {
			t.Fatalf("taken: got %v", err)
		}
		again, created, err := w.Intake(ctx, w.lead, in)
		if err != nil || created || again.ID != v.ID {
			t.Errorf("the same click again: got %v, created %t", err, created)
		}
		wantCode(t, "a file too late", put(w.lead, "form-1", "说明.pdf", pdf), "intake_taken")
		if n := w.kinds(v.ID)["attached"]; n != 2 {
			t.Errorf("got %d events of files, want 2", n)
		}
		got := map[string]bool{}
		for _, a := range must(w.Case(ctx, w.lead, v.ID))(t).Attachments {
			if !a.Whole() || len(a.Shares) != 1 {
				t.Errorf("%s: got state %s, %d platforms told, want it whole and 110 told", a.Media, a.State, len(a.Shares))
			}
			got[string(w.bytesOf(w.lead, v.ID, a.ID))] = true
		}
		if len(got) != 2 || !got[string(photo)] || !got[string(pdf)] {
			t.Errorf("got %d files back, want the two that were put up", len(got))
		}
		if _, err := w.Close(ctx, w.lead, v.ID, desk.Closing{Version: &v.Version}); hotline.CodeOf(err) == "version_wrong" {
			t.Error("the version that the intake told is not the case's")
		}
		if len(must(w.IntakeFiles(ctx, w.lead, "form-1"))(t)) != 0 {
			t.Error("the draft still has files")
		}
		if log := w.exportedLog(); !log.OK {
			t.Errorf("the log: got %+v", log)
		}
	})
}

// A draft that never becomes a case goes after a day, with its files.
func TestIntakeFilesEnd(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx, pdf := t.Context(), []byte("%PDF-1.7 测试")
		for _, key := range []string{"old", "dropped"} {
			if err := w.PutIntakeFile(ctx, w.lead, key, "说明.pdf", int64(len(pdf)), bytes.NewReader(pdf)); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.DropIntakeFile(ctx, w.lead, "dropped", ""); err != nil {
			t.Fatal(err)
		}
		count := func(key string) int { return len(must(w.IntakeFiles(ctx, w.lead, key))(t)) }
		if count("dropped") != 0 || count("old") != 1 {
			t.Errorf("dropped: got %d and %d files, want none and one", count("dropped"), count("old"))
		}
		w.clock.Add(desk.UploadFor - time.Minute)
		if err := w.DropUploads(ctx); err != nil || count("old") != 1 {
			t.Errorf("within the day: got %d files, %v", count("old"), err)
		}
		w.clock.Add(2 * time.Minute)
		if err := w.DropUploads(ctx); err != nil || count("old") != 0 {
			t.Errorf("after a day: got %d files, %v", count("old"), err)
		}
	})
}
