package desk_test

import (
	"bytes"
	"image"
	"image/jpeg"
	"slices"
	"strings"
	"testing"
	"time"

	"liandong/internal/attachment"
	"liandong/internal/casefile"
	"liandong/internal/desk"
	"liandong/internal/hotline"
	"liandong/internal/store"
)

// aPhoto is a JPEG picture followed by so many bytes that no reader looks at.
func aPhoto(t *testing.T, more int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, 640, 480)), nil); err != nil {
		t.Fatal(err)
	}
	for i := range more {
		b.WriteByte(byte(i * 7))
	}
	return b.Bytes()
}

func partOf(content []byte, number int64) []byte {
	from := (number - 1) * attachment.PartSize
	return content[from : from+attachment.PartLen(int64(len(content)), number)]
}

// attach puts a whole file to a case.
func (w *world) attach(a hotline.Actor, caseID string, up desk.Upload, content []byte) desk.AttachmentView {
	w.t.Helper()
	up.Size = int64(len(content))
	v := must(w.BeginAttachment(w.t.Context(), a, caseID, up))(w.t)
	for n := int64(1); n <= v.Parts; n++ {
		v = must(w.PutPart(w.t.Context(), a, v.ID, n, partOf(content, n)))(w.t)
	}
	return v
}

func (w *world) bytesOf(a hotline.Actor, caseID, id string) []byte {
	w.t.Helper()
	f := must(w.OpenAttachment(w.t.Context(), a, caseID, id, "核实现场"))(w.t)
	var b bytes.Buffer
	if err := f.Copy(w.t.Context(), &b); err != nil {
		w.t.Fatal(err)
	}
	return b.Bytes()
}

// An upload comes in parts, in any order and as often as it likes, and is one
// event; its bytes, name and picture are shown to who gives a reason.
func TestAttach(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		c := w.take(plain)
		photo := aPhoto(t, 2*attachment.PartSize)
		v := must(w.BeginAttachment(ctx, w.lead, c.ID, desk.Upload{Name: `D:\张测试家门口.jpg`, Size: int64(len(photo))}))(t)
		if v.Parts != 3 || !slices.Equal(v.Missing, []int64{1, 2, 3}) || v.Whole() {
			t.Fatalf("begun: got %+v", v)
		}
		for _, n := range []int64{3, 1, 1, 3} {
			v = must(w.PutPart(ctx, w.lead, v.ID, n, partOf(photo, n)))(t)
		}
		if !slices.Equal(v.Missing, []int64{2}) || v.Media != "image/jpeg" || w.kinds(c.ID)["attached"] != 0 {
			t.Fatalf("two parts, twice: got %+v", v)
		}
		if seen := w.see(c.ID).Attachments; len(seen) != 1 || len(seen[0].Missing) != 1 {
			t.Errorf("who uploads sees %+v, want it with what is missing", seen)
		}
		if seen := must(w.Case(ctx, w.actor(hotline.Operator, "", ""), c.ID))(t).Attachments; len(seen) != 0 {
			t.Errorf("others see %+v, want nothing of half an upload", seen)
		}
		other := slices.Clone(partOf(photo, 3))
		other[0]++
		_, err := w.PutPart(ctx, w.lead, v.ID, 3, other)
		wantCode(t, "other content", err, "attachment_part_differs")
		_, err = w.OpenAttachment(ctx, w.lead, c.ID, v.ID, "看看")
		wantCode(t, "half", err, "attachment_coming")

		v = must(w.PutPart(ctx, w.lead, v.ID, 2, partOf(photo, 2)))(t)
		again := must(w.PutPart(ctx, w.lead, v.ID, 2, partOf(photo, 2)))(t)
		if !v.Whole() || len(v.Hash) != 64 || again.Hash != v.Hash || w.kinds(c.ID)["attached"] != 1 {
			t.Fatalf("whole: got %+v, %d events", v, w.kinds(c.ID)["attached"])
		}
		if got := w.bytesOf(w.lead, c.ID, v.ID); !bytes.Equal(got, photo) {
			t.Errorf("got %d bytes back, want the %d of the file", len(got), len(photo))
		}
		if w.kinds(c.ID)["viewed"] != 1 {
			t.Error("opened: want an event")
		}
		p := must(w.Reveal(ctx, w.lead, c.ID, "核实"))(t)
		if f := p.Files[v.ID]; f.Name != "张测试家门口.jpg" || attachment.Sniff(f.Preview) != "image/jpeg" || len(f.Preview) > 20000 {
			t.Errorf("revealed: got %q and %d bytes of preview", f.Name, len(f.Preview))
		}
		same := w.attach(w.lead, c.ID, desk.Upload{Name: "a.jpg"}, photo)
		if same.Hash == v.Hash {
			t.Error("the same photo twice: got the same hash, which tells what is in it")
		}
		if log := w.exportedLog(); !log.OK {
			t.Errorf("the log: got %+v", log)
		}
	})
}

func TestAttachRefused(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		c := w.take(plain)
		closed := w.take(plain).ID
		must(w.Close(ctx, w.lead, closed, desk.Closing{Outcome: casefile.OnTheSpot}))(t)
		pdf := []byte("%PDF-1.7 测试")
		for name, tc := range map[string]struct {
			a    hotline.Actor
			id   string
			up   desk.Upload
			code string
		}{
			"empty":           {w.lead, c.ID, desk.Upload{}, "attachment_empty"},
			"too large":       {w.lead, c.ID, desk.Upload{Size: attachment.MostBytes + 1}, "attachment_too_large"},
			"closed":          {w.lead, closed, desk.Upload{Size: 1}, "case_closed"},
			"auditor":         {w.actor(hotline.Auditor, "", ""), c.ID, desk.Upload{Size: 1}, "denied"},
			"another region":  {w.actor(hotline.Operator, shigatse, ""), c.ID, desk.Upload{Size: 1}, "case_not_found"},
			"without a leg":   {w.clerk(urban), c.ID, desk.Upload{Size: 1}, "case_not_found"},
			"no such leg":     {w.lead, c.ID, desk.Upload{Size: 1, Leg: "none"}, "leg_not_found"},
			"no such case":    {w.lead, "none", desk.Upload{Size: 1}, "case_not_found"},
			"token elsewhere": {token("x", hotline.TakeCases), c.ID, desk.Upload{Size: 1}, "case_not_found"},
		} {
			_, err := w.BeginAttachment(ctx, tc.a, tc.id, tc.up)
			wantCode(t, name, err, tc.code)
		}
		begin := func(name string, size int) string {
			return must(w.BeginAttachment(ctx, w.lead, c.ID, desk.Upload{Name: name, Size: int64(size)}))(t).ID
		}
		put := func(a hotline.Actor, id string, n int64, content []byte) error {
			_, err := w.PutPart(ctx, a, id, n, content)
			return err
		}
		id := begin("a.pdf", len(pdf))
		wantCode(t, "too short", put(w.lead, id, 1, pdf[1:]), "attachment_part_size")
		wantCode(t, "no such part", put(w.lead, id, 2, pdf), "attachment_part_size")
		wantCode(t, "somebody else", put(w.actor(hotline.Operator, "", ""), id, 1, pdf), "attachment_not_found")
		w.clock.Add(desk.UploadFor + time.Minute)
		wantCode(t, "too late", put(w.lead, id, 1, pdf), "attachment_expired")
		if err := w.DropUploads(ctx); err != nil {
			t.Fatal(err)
		}
		wantCode(t, "dropped", put(w.lead, id, 1, pdf), "attachment_not_found")

		html := []byte("<html><script>alert(1)</script>")
		id = begin("a.html", len(html))
		wantCode(t, "a page", put(w.lead, id, 1, html), "attachment_kind")
		wantCode(t, "a page, which is gone", put(w.lead, id, 1, html), "attachment_not_found")
		id = begin("a.jpg", len(pdf))
		wantCode(t, "a PDF called JPEG", put(w.lead, id, 1, pdf), "attachment_mislabelled")
		if n := len(w.see(c.ID).Attachments); n != 0 {
			t.Errorf("after refusals: %d attachments, want none", n)
		}

		whole := w.attach(w.lead, c.ID, desk.Upload{Name: "a.pdf"}, pdf)
		for name, tc := range map[string]struct {
			a            hotline.Actor
			caseID, id   string
			reason, code string
		}{
			"no reason":      {w.lead, c.ID, whole.ID, "", "reason_missing"},
			"two lines":      {w.lead, c.ID, whole.ID, "a\nb", "text_control"},
			"supervisor":     {w.actor(hotline.Supervisor, "", ""), c.ID, whole.ID, "核实", "denied"},
			"another case":   {w.lead, closed, whole.ID, "核实", "attachment_not_found"},
			"another region": {w.actor(hotline.Operator, shigatse, ""), c.ID, whole.ID, "核实", "case_not_found"},
			"none":           {w.lead, c.ID, "none", "核实", "attachment_not_found"},
		} {
			_, err := w.OpenAttachment(ctx, tc.a, tc.caseID, tc.id, tc.reason)
			wantCode(t, name, err, tc.code)
		}
		for range attachment.MostOwn - 1 {
			begin("b.pdf", 1)
		}
		_, err := w.BeginAttachment(ctx, w.lead, c.ID, desk.Upload{Size: 1})
		wantCode(t, "one too many", err, "attachment_too_many")
		if w.kinds(c.ID)["viewed"] != 0 {
			t.Error("refused, and recorded as viewed")
		}
	})
}

// A unit puts files to its own leg. It sees those of the case, and not those of
// another unit's leg; of a complaint it sees nothing but its own.
func TestAttachAtAUnit(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		c := w.send(w.take(plain).ID, to("unit:"+housing), to("unit:"+urban))
		ours, theirs := w.clerk(housing), w.clerk(urban)
		general := w.attach(w.lead, c.ID, desk.Upload{Name: "来电人.jpg"}, aPhoto(t, 0))
		done := w.attach(ours, c.ID, desk.Upload{Name: "修好了.jpg"}, aPhoto(t, 1))
		if done.LegID == "" {
			t.Error("a unit's file: want it at its leg")
		}
		ids := func(a hotline.Actor) (out []string) {
			for _, v := range must(w.Case(ctx, a, c.ID))(t).Attachments {
				out = append(out, v.ID)
			}
			return out
		}
		if got := ids(theirs); !slices.Equal(got, []string{general.ID}) {
			t.Errorf("the other unit sees %v, want what is the case's", got)
		}
		if got := ids(ours); !slices.Equal(got, []string{general.ID, done.ID}) || !slices.Equal(ids(w.lead), got) {
			t.Errorf("the unit sees %v, the desk %v, want both", got, ids(w.lead))
		}
		_, err := w.OpenAttachment(ctx, theirs, c.ID, done.ID, "看看")
		wantCode(t, "another unit's", err, "attachment_not_found")
		w.bytesOf(theirs, c.ID, general.ID)

		secret := w.send(w.take(plain, func(in *desk.In) { in.Confidential = true }).ID, to("unit:"+housing))
		general = w.attach(w.lead, secret.ID, desk.Upload{Name: "来电人.jpg"}, aPhoto(t, 0))
		done = w.attach(ours, secret.ID, desk.Upload{Name: "修好了.jpg"}, aPhoto(t, 1))
		_, err = w.OpenAttachment(ctx, ours, secret.ID, general.ID, "看看")
		wantCode(t, "withheld", err, "hidden_from_unit")
		w.bytesOf(ours, secret.ID, done.ID)
		wantCode(t, "the caller", func() error { _, err := w.Reveal(ctx, ours, secret.ID, "看看"); return err }(), "hidden_from_unit")
	})
}

// An erasure takes the bytes; the hash stays, and every proof holds.
func TestEraseAttachments(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		id := w.take(plain).ID
		a := w.attach(w.lead, id, desk.Upload{Name: "张测试.jpg"}, aPhoto(t, attachment.PartSize))
		must(w.Close(ctx, w.lead, id, desk.Closing{Outcome: casefile.OnTheSpot}))(t)
		must(w.Erase(ctx, w.lead, id, nil, "保存期满"))(t)
		if v := w.see(id).Attachments; len(v) != 1 || v[0].State != store.AttachmentErased || v[0].Hash != a.Hash || v[0].CanOpen {
			t.Errorf("got %+v, want its hash and nothing else", v)
		}
		row := must(w.st.Reader().Attachment(ctx, a.ID))(t)
		if row.Name != nil || row.Preview != nil {
			t.Error("name or picture is still there")
		}
		for n := range a.Parts {
			if p := must(w.st.Reader().AttachmentPart(ctx, a.ID, n+1))(t); p.Content != nil || p.Commitment == "" {
				t.Errorf("part %d: got %d bytes, want none", n+1, len(p.Content))
			}
		}
		_, err := w.OpenAttachment(ctx, w.lead, id, a.ID, "核实")
		wantCode(t, "open", err, "erased")
		r, file := w.exported(id, "")
		if !r.OK || !strings.Contains(file, a.Hash) {
			t.Errorf("got %+v, want it proved with its hash", r)
		}
	})
}
