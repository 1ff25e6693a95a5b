package exchange

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/jpeg"
	mathrand "math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"liandong/internal/attachment"
	"liandong/internal/casefile"
	"liandong/internal/desk"
	"liandong/internal/hotline"
	"liandong/internal/leg"
	"liandong/internal/letter"
	"liandong/internal/proof"
	"liandong/internal/seal"
	"liandong/internal/store"
)

// aPhoto is a picture that is cut into so many parts.
func aPhoto(t *testing.T, parts int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, 320, 240)), nil); err != nil {
		t.Fatal(err)
	}
	r := mathrand.New(mathrand.NewPCG(7, uint64(parts)))
	for b.Len() < (parts-1)*attachment.PartSize+1000 {
		b.WriteByte(byte(r.Uint32()))
	}
	return b.Bytes()
}

// attach puts a file to a case.
func (s *side) attach(t *testing.T, caseID string, up desk.Upload, content []byte) desk.AttachmentView {
	t.Helper()
	up.Size = int64(len(content))
	v, err := s.desk.BeginAttachment(t.Context(), s.op, caseID, up)
	for n := int64(1); err == nil && n <= v.Parts; n++ {
		from := (n - 1) * attachment.PartSize
		v, err = s.desk.PutPart(t.Context(), s.op, v.ID, n, content[from:from+attachment.PartLen(up.Size, n)])
	}
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// file is what a side has of a file; nil: nothing.
func (s *side) file(t *testing.T, caseID, id string) *desk.AttachmentView {
	t.Helper()
	v, err := s.desk.Case(t.Context(), s.op, caseID)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range v.Attachments {
		if a.ID == id {
			return &a
		}
	}
	return nil
}

// has fails the test where a side has not got exactly this file.
func (s *side) has(t *testing.T, caseID string, a desk.AttachmentView, content []byte) {
	t.Helper()
	got := s.file(t, caseID, a.ID)
	if got == nil || !got.Whole() || got.Hash != a.Hash || got.Media != "image/jpeg" || !got.CanOpen {
		t.Fatalf("%s has %+v, want the file whole", s.node.Line, got)
	}
	f, err := s.desk.OpenAttachment(t.Context(), s.op, caseID, a.ID, "核实现场")
	var b bytes.Buffer
	if err == nil {
		err = f.Copy(t.Context(), &b)
	}
	if err != nil || !bytes.Equal(b.Bytes(), content) || f.Name != "现场.jpg" {
		t.Errorf("%s: got %d bytes called %q, %v, want the file", s.node.Line, b.Len(), f.Name, err)
	}
	p, err := s.desk.Reveal(t.Context(), s.op, caseID, "核实现场")
	if err != nil || attachment.Sniff(p.Files[a.ID].Preview) != "image/jpeg" {
		t.Errorf("%s shows no preview (%v)", s.node.Line, err)
	}
}

// share is how far a file is on its way from a side.
func (s *side) share(t *testing.T, caseID, id string) desk.ShareView {
	t.Helper()
	a := s.file(t, caseID, id)
	if a == nil || len(a.Shares) != 1 {
		t.Fatalf("%s: got %+v, want it shared with one platform", s.node.Line, a)
	}
	return a.Shares[0]
}

// onWire is HTTPS as one of the ways.
func onWire(*testing.T) way { return way{kind: "https", between: func() {}} }

// Every carrier carries files both ways, those of before the offer too. Either
// side is killed in the middle, and goes on where it stopped. An erasure takes
// the bytes at both, and every proof holds.
func TestEveryCarrierCarriesFiles(t *testing.T) {
	all := ways(t)
	all["https"] = onWire
	for name, make := range all {
		t.Run(name, func(t *testing.T) {
			p := newPair(t, "sqlite")
			w := make(t)
			p.over(w)
			c := p.a.take(t, "测试附件随函件传递的诉求一二三四")
			before := aPhoto(t, 5)
			first := p.a.attach(t, c.ID, desk.Upload{Name: "现场.jpg"}, before)
			kept := p.a.attach(t, c.ID, desk.Upload{Name: "内部.jpg", OnlyHere: true}, aPhoto(t, 1))
			id := p.a.send(t, c.ID, desk.Order{To: "110"}).Legs[0].ID

			// Killed after some parts: what is not on disk is gone.
			taken, kill := 0, 2
			seen := map[string]int{}
			p.faulty(func(wire []byte) ([]byte, fault) {
				if !bytes.Contains(wire, []byte(`"type":"attachment"`)) {
					return wire, deliver
				}
				e, err := letter.Parse(wire)
				if err != nil {
					t.Fatal(err)
				}
				seen[e.ID]++
				if taken++; taken > kill && taken < kill+3 {
					return wire, loseAnswer
				}
				return wire, deliver
			})
			for range 3 {
				p.rounds(w, 1)
			}
			p.kill(t)
			p.over(w)
			p.rounds(w, 8)
			p.calm()
			theirs := p.b.leg(t, id).CaseID
			p.b.has(t, theirs, first, before)
			if got := p.b.file(t, theirs, kept.ID); got != nil {
				t.Errorf("what stays here is there: %+v", got)
			}
			if got := p.a.share(t, c.ID, first.ID); got.State != store.ShareThere || got.There != 5 {
				t.Errorf("the sender says %+v, want it there", got)
			}

			p.b.act(t, id, leg.Accept)
			after := aPhoto(t, 3)
			second := p.b.attach(t, theirs, desk.Upload{Name: "现场.jpg"}, after)
			p.b.act(t, id, leg.Progress)
			p.b.act(t, id, leg.Feedback)
			p.rounds(w, 8)
			p.a.has(t, c.ID, second, after)
			p.a.act(t, id, leg.Settle)
			p.rounds(w, 3)
			if p.waiting() != 0 {
				t.Errorf("%d letters wait for a receipt, want none", p.waiting())
			}

			for _, s := range []*side{p.a, p.b} {
				caseID := map[*side]string{p.a: c.ID, p.b: theirs}[s]
				if _, err := s.desk.Close(t.Context(), s.op, caseID, desk.Closing{Outcome: casefile.OnTheSpot}); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := p.a.desk.Erase(t.Context(), p.a.op, c.ID, nil, "保存期满"); err != nil {
				t.Fatal(err)
			}
			p.rounds(w, 3)
			for _, s := range []*side{p.a, p.b} {
				caseID := map[*side]string{p.a: c.ID, p.b: theirs}[s]
				for _, a := range []desk.AttachmentView{first, second} {
					s.gone(t, a)
				}
				s.proved(t, caseID, first.Hash, second.Hash)
			}
			p.back()
			p.agree()
		})
	}
}

// A side that cannot be called fetches files too, and posts its own.
func TestFetchCarriesFiles(t *testing.T) {
	p := newPair(t, "sqlite")
	p.clock.Add(time.Since(p.clock.Now())) // a question is good for some minutes of real time
	held, pull := p.a.peerLink(t, p.b), p.b.peerLink(t, p.a)
	held.URL, held.Settings, pull.Settings = "", `{"mode":"held"}`, `{"mode":"pull"}`
	for s, link := range map[*side]store.Link{p.a: held, p.b: pull} {
		if err := s.desk.PutLink(t.Context(), link); err != nil {
			t.Fatal(err)
		}
	}
	rounds := func() {
		t.Helper()
		for range 12 {
			if _, _, err := p.b.x.collect(t.Context(), p.a.node.Platform); err != nil {
				t.Fatal(err)
			}
			if _, err := p.b.x.sendDue(t.Context(), p.a.node.Platform, false); err != nil {
				t.Fatal(err)
			}
		}
	}
	c := p.a.take(t, "测试对方来取附件的诉求一二三四")
	before, after := aPhoto(t, 7), aPhoto(t, 3)
	first := p.a.attach(t, c.ID, desk.Upload{Name: "现场.jpg"}, before)
	id := p.a.send(t, c.ID, desk.Order{To: "110"}).Legs[0].ID
	rounds()
	theirs := p.b.leg(t, id).CaseID
	p.b.has(t, theirs, first, before)
	second := p.b.attach(t, theirs, desk.Upload{Name: "现场.jpg"}, after)
	rounds()
	p.a.has(t, c.ID, second, after)
	if got := p.a.share(t, c.ID, first.ID).State; got != store.ShareThere || p.waiting() != 0 {
		t.Errorf("the file is %s, %d letters wait, want it there and none", got, p.waiting())
	}
}

// gone fails the test where a side still has bytes of a file.
func (s *side) gone(t *testing.T, a desk.AttachmentView) {
	t.Helper()
	r := s.st.Reader()
	row, err := r.Attachment(t.Context(), a.ID)
	if err != nil || row.State != store.AttachmentErased || row.Name != nil || row.Preview != nil || row.Hash != a.Hash {
		t.Errorf("%s: got %+v, %v, want nothing but the hash", s.node.Line, row, err)
	}
	for n := int64(1); n <= a.Parts; n++ {
		if p, err := r.AttachmentPart(t.Context(), a.ID, n); err != nil || p.Content != nil {
			t.Errorf("%s: part %d has %d bytes, %v", s.node.Line, n, len(p.Content), err)
		}
	}
}

// proved fails the test where an export of the case does not hold, or does not
// tell of its files.
func (s *side) proved(t *testing.T, caseID string, hashes ...string) {
	t.Helper()
	var b bytes.Buffer
	if err := s.desk.ExportCase(t.Context(), s.op, caseID, "", &b); err != nil {
		t.Fatal(err)
	}
	for _, h := range hashes {
		if !strings.Contains(b.String(), h) {
			t.Errorf("%s: the export does not name the file %s", s.node.Line, h)
		}
	}
	mine := s.keys.Public(s.node.Platform, s.node.Name)
	r, err := proof.Verify(&b, proof.Options{Keys: map[string]seal.PublicKeys{mine.Platform: mine}})
	if err != nil || !r.OK {
		t.Errorf("%s: got %+v, %v, want it proved", s.node.Line, r, err)
	}
}

// kill is both sides ended and started again: nothing but their databases is
// left.
func (p *pair) kill(t *testing.T) {
	t.Helper()
	for _, s := range []*side{p.a, p.b} {
		s.x.closeCarriers()
		if err := s.st.Close(); err != nil {
			t.Fatal(err)
		}
		s.reopen(t, p)
	}
}

// A network that loses, repeats and damages parts: they are asked for again, and
// the file is there once.
func TestFilesThroughTrouble(t *testing.T) {
	onBoth(t, func(t *testing.T, p *pair) {
		c := p.a.take(t, "测试线路不好时的附件一二三四")
		id := p.a.send(t, c.ID, desk.Order{To: "110"}).Legs[0].ID
		p.run()
		r := mathrand.New(mathrand.NewPCG(3, 9))
		damaged := 0
		p.faulty(func(wire []byte) ([]byte, fault) {
			if !bytes.Contains(wire, []byte(`"type":"attachment"`)) {
				return wire, deliver
			}
			switch r.IntN(6) {
			case 0:
				return wire, loseLetter
			case 1:
				return wire, loseAnswer
			case 2:
				return wire, repeat
			case 3: // one bit of what is sealed
				damaged++
				return damage(t, wire), deliver
			}
			return wire, deliver
		})
		photo := aPhoto(t, 12)
		a := p.a.attach(t, c.ID, desk.Upload{Name: "现场.jpg"}, photo)
		p.run()
		p.calm()
		theirs := p.b.leg(t, id).CaseID
		p.b.has(t, theirs, a, photo)
		if damaged == 0 {
			t.Error("nothing was damaged")
		}
		whole := 0
		es, err := p.b.desk.Events(t.Context(), p.b.op, theirs, "", 100)
		for _, e := range es {
			if e.Kind == "attached" {
				whole++
			}
		}
		if err != nil || whole != 1 || p.a.share(t, c.ID, a.ID).State != store.ShareThere {
			t.Errorf("got it %d times, %v, want once", whole, err)
		}
		p.agree()
	})
}

// damage changes a byte of the ciphertext.
func damage(t *testing.T, wire []byte) []byte {
	t.Helper()
	at := bytes.Index(wire, []byte(`"ciphertext":"`)) + 400
	out := bytes.Clone(wire)
	if out[at] == 'A' {
		out[at] = 'B'
	} else {
		out[at] = 'A'
	}
	return out
}

// A letter that comes while a large file is under way does not wait for it.
func TestLettersOvertakeFiles(t *testing.T) {
	p := newPair(t, "sqlite")
	c := p.a.take(t, "测试急件不等附件一二三四")
	id := p.a.send(t, c.ID, desk.Order{To: "110"}).Legs[0].ID
	p.run()
	a := p.a.attach(t, c.ID, desk.Upload{Name: "现场.jpg"}, aPhoto(t, 20))
	send := func() {
		t.Helper()
		if _, err := p.a.x.sendDue(t.Context(), p.b.node.Platform, false); err != nil {
			t.Fatal(err)
		}
	}
	send() // the letter that names it
	send() // the first parts
	p.a.act(t, id, leg.Urge)
	send()
	theirs := p.b.leg(t, id).CaseID
	if v := p.b.file(t, theirs, a.ID); v == nil || v.Whole() || len(v.Missing) < 10 {
		t.Errorf("the file: got %+v, want it under way", v)
	}
	if es, err := p.b.desk.Events(t.Context(), p.b.op, theirs, "", 100); err != nil || es[len(es)-1].Kind != string(leg.Urge) && !hasKind(es, leg.Urge) {
		t.Errorf("the urge has not arrived (%v)", err)
	}
}

func hasKind(es []desk.EventView, v leg.Verb) bool {
	for _, e := range es {
		if e.Kind == string(v) {
			return true
		}
	}
	return false
}

// A peer of before knows no attachments: it takes the letter that names one, and
// refuses a part once. The case goes on, and a person sees why.
func TestOldPeerTakesNoFiles(t *testing.T) {
	p := newPair(t, "sqlite")
	c := p.a.take(t, "测试旧版本平台不认识附件一二三四")
	id := p.a.send(t, c.ID, desk.Order{To: "110"}).Legs[0].ID
	p.run()
	parts := 0
	p.faulty(func(wire []byte) ([]byte, fault) {
		if bytes.Contains(wire, []byte(`"type":"attachment"`)) {
			parts++
			return bytes.Replace(wire, []byte(`"type":"attachment"`), []byte(`"type":"attachmenx"`), 1), deliver // as good as unknown
		}
		return wire, deliver
	})
	a := p.a.attach(t, c.ID, desk.Upload{Name: "现场.jpg"}, aPhoto(t, 6))
	link := p.a.peerLink(t, p.b)
	for range 4 {
		if _, err := p.a.x.sendDue(t.Context(), p.b.node.Platform, false); err != nil {
			t.Fatal(err)
		}
	}
	// What that side would answer, had it been of before.
	ls, err := p.a.st.Reader().Due(t.Context(), p.b.node.Platform, p.clock.Now().Add(time.Hour), false, 10, 10)
	if err != nil || len(ls) == 0 {
		t.Fatalf("parts under way: %d, %v", len(ls), err)
	}
	refusal := p.b.desk.Refusal(p.b.peerLink(t, p.a), ls[0].ID, ls[0].Type, id, ls[0].Hash, hotline.Errorf(hotline.Invalid, letter.CodeType, "/type"))
	if err := p.a.desk.Answered(t.Context(), link, refusal); err != nil {
		t.Fatal(err)
	}
	p.calm()
	p.run()
	if got := p.a.share(t, c.ID, a.ID); got.State != store.ShareRefused || got.Code != letter.CodeType {
		t.Errorf("got %+v, want it refused for its type", got)
	}
	es, err := p.b.desk.Events(t.Context(), p.b.op, p.b.leg(t, id).CaseID, "", 100)
	if err != nil || !strings.Contains(fmt.Sprint(es), "attachment_named") {
		t.Errorf("the letter that names it did not arrive (%v)", err)
	}
	p.b.act(t, id, leg.Accept)
	p.run()
	if p.a.state(t, id) != leg.Accepted || parts == 0 {
		t.Error("the leg does not go on")
	}
}

// What a peer says of a file is not believed: another hash, another content,
// another case.
func TestForgedFiles(t *testing.T) {
	p := newPair(t, "sqlite")
	c := p.a.take(t, "测试伪造的附件一二三四")
	id := p.a.send(t, c.ID, desk.Order{To: "110"}).Legs[0].ID
	p.run()
	photo := aPhoto(t, 2)
	a := p.a.attach(t, c.ID, desk.Upload{Name: "现场.jpg"}, photo)
	p.run()
	theirs := p.b.leg(t, id).CaseID
	p.b.has(t, theirs, a, photo)
	ls, err := p.a.st.Reader().LettersOutOfCase(t.Context(), c.ID)
	if err != nil {
		t.Fatal(err)
	}
	link := p.b.peerLink(t, p.a)
	say := func(change func(*leg.Letter, *leg.Private)) string {
		t.Helper()
		for _, l := range ls {
			if l.Type != leg.TypeAttachment {
				continue
			}
			var m leg.Letter
			if err := json.Unmarshal([]byte(l.Content), &m); err != nil {
				t.Fatal(err)
			}
			plain, _, err := p.a.desk.PartOf(t.Context(), l)
			var private leg.Private
			if err == nil {
				err = json.Unmarshal(plain, &private)
			}
			if err != nil {
				t.Fatal(err)
			}
			m.ID = hotline.NewID()
			change(&m, &private)
			content, hash, err := letter.Content(m)
			if err != nil {
				t.Fatal(err)
			}
			got, err := p.b.desk.Receive(t.Context(), link, desk.Incoming{Letter: m, Private: private, Content: string(content), Hash: hash, Signature: "{}"})
			if err != nil {
				t.Fatal(err)
			}
			return got.Body.Code
		}
		return "no part"
	}
	for name, tc := range map[string]struct {
		change func(*leg.Letter, *leg.Private)
		code   string
	}{
		"another hash": {func(m *leg.Letter, _ *leg.Private) { m.Body.Attachment.Hash = strings.Repeat("ab", 32) }, "attachment_conflict"},
		"unknown file": {func(m *leg.Letter, _ *leg.Private) { m.Body.Attachment.ID = "none" }, "attachment_unknown"},
		"unknown leg":  {func(m *leg.Letter, _ *leg.Private) { m.Leg = "none" }, "attachment_unknown"},
		"whole":        {func(*leg.Letter, *leg.Private) {}, ""},
	} {
		if got := say(tc.change); got != tc.code {
			t.Errorf("%s: got %q, want %q", name, got, tc.code)
		}
	}
	p.b.has(t, theirs, a, photo)
}

// A peer that was put back from a backup gets the files again that it lost: one
// that the backup does not know, and one of which it knew some parts.
func TestFilesAfterABackup(t *testing.T) {
	p := newPair(t, "sqlite")
	here, id := p.transfers(t)
	p.tellHeads()
	theirs := p.b.leg(t, id).CaseID
	half, lost := aPhoto(t, 6), aPhoto(t, 3)
	first := p.a.attach(t, here, desk.Upload{Name: "现场.jpg"}, half)
	for range 2 { // the letter that names it, and two parts
		if _, err := p.a.x.sendDue(t.Context(), p.b.node.Platform, false); err != nil {
			t.Fatal(err)
		}
	}
	p.clock.Add(time.Hour)
	p.b.act(t, id, leg.Progress) // the backup knows this, an hour after the file was named
	if err := p.b.desk.Sequence(t.Context()); err != nil {
		t.Fatal(err)
	}
	backup := filepath.Join(t.TempDir(), "backup.db")
	p.b.sql(t, `VACUUM INTO '`+backup+`'`)
	if v := p.b.file(t, theirs, first.ID); v == nil || v.Whole() || len(v.Missing) == 6 {
		t.Fatalf("the backup has %+v, want some parts", v)
	}
	p.run()
	p.clock.Add(time.Hour)
	second := p.a.attach(t, here, desk.Upload{Name: "现场.jpg"}, lost)
	p.run()
	p.tellHeads()
	p.b.has(t, theirs, first, half)
	p.b.has(t, theirs, second, lost)

	if err := p.b.st.Close(); err != nil {
		t.Fatal(err)
	}
	doc, err := os.ReadFile(backup)
	for _, ending := range []string{"-wal", "-shm"} {
		os.Remove(p.b.dsn + ending)
	}
	if err == nil {
		err = os.WriteFile(p.b.dsn, doc, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	p.b.reopen(t, p)
	if _, _, err = p.b.desk.Restored(t.Context()); err == nil {
		p.b.node, err = p.b.st.Reader().Node(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	p.b.restart(t, p, p.b.keys)
	if v := p.b.file(t, theirs, first.ID); v.Whole() || p.b.file(t, theirs, second.ID) != nil {
		t.Fatal("the backup knows what came after it")
	}
	p.tellHeads()
	p.run()
	p.b.has(t, theirs, first, half)
	p.b.has(t, theirs, second, lost)
	for _, a := range []desk.AttachmentView{first, second} {
		if got := p.a.share(t, here, a.ID); got.State != store.ShareThere || got.There != a.Parts {
			t.Errorf("the sender says %+v, want it there", got)
		}
	}
}
