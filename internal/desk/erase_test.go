package desk_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"liandong/internal/casefile"
	"liandong/internal/desk"
	"liandong/internal/hotline"
	"liandong/internal/leg"
	"liandong/internal/seal"
	"liandong/internal/store"
)

// closedPair is a case that two desks worked on, settled and closed at both.
func closedPair(t *testing.T, engine string) (p *post, a, b *world, here, there string) {
	t.Helper()
	a, b = newWorld(t, engine, "12345"), newWorld(t, engine, "110")
	p = joinDesks(t, a, b)
	c := a.send(a.take(plain).ID, to("110"))
	p.settle()
	id := c.Legs[0].ID
	b.act(b.lead, id, leg.Accept, leg.Progress, leg.Feedback)
	p.settle()
	a.act(a.lead, id, leg.Settle)
	p.settle()
	here, there = c.ID, b.leg(id).CaseID
	for _, s := range []struct {
		w  *world
		id string
	}{{a, here}, {b, there}} {
		must(s.w.Close(t.Context(), s.w.lead, s.id, desk.Closing{Outcome: casefile.OnTheSpot}))(t)
		if err := s.w.IndexSome(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	p.settle()
	return p, a, b, here, there
}

// keysOf collects every case key that a side could still lay its hands on.
func (w *world) keysOf(id string) []seal.CaseKey {
	w.t.Helper()
	var keys []seal.CaseKey
	ctx, r := w.t.Context(), w.st.Reader()
	if priv := must(r.Private(ctx, id))(w.t); priv.WrappedKey != nil {
		keys = append(keys, must(seal.UnwrapCaseKey(w.keys, id, priv.WrappedKey))(w.t))
	}
	for _, l := range must(r.LettersInOfCase(ctx, id))(w.t) {
		var part seal.Part
		if l.Sealed == "" {
			continue
		}
		if err := json.Unmarshal([]byte(l.Sealed), &part); err != nil {
			w.t.Fatal(err)
		}
		if _, key, err := seal.OpenPart(w.keys, l.ID, l.Peer, part); err == nil {
			keys = append(keys, key)
		}
	}
	return keys
}

// sealedIn is every sealed text of an exported file.
func sealedIn(t *testing.T, file string) [][]byte {
	t.Helper()
	var out [][]byte
	for line := range strings.Lines(file) {
		var l struct{ Event, Letter struct{ Sealed []byte } }
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatal(err)
		}
		for _, s := range [][]byte{l.Event.Sealed, l.Letter.Sealed} {
			if len(s) > 0 {
				out = append(out, s)
			}
		}
	}
	return out
}

// opened counts the sealed texts whose key is among those at hand.
func opened(sealed [][]byte, keys []seal.CaseKey) int {
	n := 0
	for _, s := range sealed {
		id, err := seal.ValueKey(s)
		if err == nil && slices.ContainsFunc(keys, func(k seal.CaseKey) bool { return k.ID() == id }) {
			n++
		}
	}
	return n
}

// After an erasure no key anywhere opens what was sealed, at either side or in
// what was exported before; and every proof still holds.
func TestErase(t *testing.T) {
	for _, engine := range engines {
		t.Run(engine, func(t *testing.T) {
			p, a, b, here, there := closedPair(t, engine)
			ctx := t.Context()
			before, fileA := a.exported(here, "")
			_, fileB := b.exported(there, "")
			sealed := append(sealedIn(t, fileA), sealedIn(t, fileB)...)
			if n := opened(sealed, append(a.keysOf(here), b.keysOf(there)...)); n != len(sealed) || n < 4 || !before.OK {
				t.Fatalf("before: %d of %d sealed texts have their key, want all", n, len(sealed))
			}
			if n := len(must(a.Cases(ctx, a.lead, desk.Filter{Query: "下水道"}))(t).Cases) + len(must(b.Cases(ctx, b.lead, desk.Filter{Query: plain}))(t).Cases); n == 0 {
				t.Fatal("before: the search finds nothing")
			}

			v, err := a.Erase(ctx, a.lead, here, nil, "当事人张测试申请，电话13900000001")
			if err != nil || !v.Erased || v.CanErase || v.Text != "" {
				t.Fatalf("got %+v, %v", v, err)
			}
			p.settle()
			if v := b.see(there); !v.Erased || v.CanErase {
				t.Fatalf("the peer: got %+v, want it erased", v)
			}
			if n := opened(sealed, append(a.keysOf(here), b.keysOf(there)...)); n != 0 {
				t.Errorf("after: %d of %d sealed texts still have a key", n, len(sealed))
			}
			for _, s := range []struct {
				w      *world
				id     string
				events []string
			}{{a, here, []string{"erased", "erased_there"}}, {b, there, []string{"erased"}}} {
				kinds := s.w.kinds(s.id)
				for _, k := range s.events {
					if kinds[k] != 1 {
						t.Errorf("%s: got %d events %s, want one", s.w.Node().Line, kinds[k], k)
					}
				}
				r, file := s.w.exported(s.id, "")
				if !r.OK || r.Erased < 2 || r.Events < before.Events || len(sealedIn(t, file)) > 0 {
					t.Errorf("%s: got %+v, want every proof to hold, and the texts gone", s.w.Node().Line, r)
				}
				if log := s.w.exportedLog(); !log.OK {
					t.Errorf("%s: got the log %+v", s.w.Node().Line, log)
				}
				for _, secret := range []string{"张测试", "13900000001", plain} {
					if strings.Contains(file, secret) {
						t.Errorf("%s says %q", s.w.Node().Line, secret)
					}
				}
				if list := must(s.w.Cases(ctx, s.w.lead, desk.Filter{Query: plain}))(t).Cases; len(list) > 0 {
					t.Errorf("%s: the search still finds it", s.w.Node().Line)
				}
				var out bytes.Buffer
				wantCode(t, "export in the clear", s.w.ExportCase(ctx, s.w.lead, s.id, "复核", &out), "erased")
				_, err := s.w.Erase(ctx, s.w.lead, s.id, nil, "再次")
				wantCode(t, "twice", err, "erased")
			}
			for _, file := range []string{fileA} { // what was given out before holds as well
				if r := a.verified(file); !r.OK {
					t.Errorf("the old export: got %+v", r)
				}
			}
			// What comes too late is refused once, and not kept.
			late := must(a.st.Reader().LettersOutOfCase(ctx, here))(t)
			if slices.ContainsFunc(late, func(l store.LetterOut) bool { return l.State == store.LetterWaiting }) {
				t.Errorf("letters still wait: %+v", late)
			}
		})
	}
}

// Who only holds a leg, and erases, takes away what that side wrote.
func TestEraseAtTheHolder(t *testing.T) {
	for _, engine := range engines {
		t.Run(engine, func(t *testing.T) {
			p, a, b, here, there := closedPair(t, engine)
			must(b.Erase(t.Context(), b.lead, there, nil, "保存期满"))(t)
			p.settle()
			if v := a.see(here); v.Erased || v.Text == "" || a.kinds(here)["erased_part"] != 1 {
				t.Errorf("the sender's own case: got %+v, want its own words to stay", v)
			}
			for _, l := range must(a.st.Reader().LettersInOfCase(t.Context(), here))(t) {
				if l.Sealed != "" && l.Type != leg.TypeErase { // which has nothing to seal
					t.Errorf("letter %s of the holder is still sealed here", l.Type)
				}
			}
			if r, _ := a.exported(here, ""); !r.OK || r.Erased == 0 {
				t.Errorf("got %+v, want it proved", r)
			}
		})
	}
}

func TestEraseRefused(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		open := w.take(plain).ID
		closed := w.take(plain).ID
		must(w.Close(ctx, w.lead, closed, desk.Closing{Outcome: casefile.OnTheSpot}))(t)
		for name, c := range map[string]struct {
			a         hotline.Actor
			id, basis string
			version   *int64
			code      string
		}{
			"open":           {w.lead, open, "申请", nil, "erase_open"},
			"no ground":      {w.lead, closed, "", nil, "basis_missing"},
			"old version":    {w.lead, closed, "申请", ptr(int64(1)), "version_wrong"},
			"operator":       {w.actor(hotline.Operator, "", ""), closed, "申请", nil, "denied"},
			"auditor":        {w.actor(hotline.Auditor, "", ""), closed, "申请", nil, "denied"},
			"administrator":  {w.actor(hotline.Administrator, "", ""), closed, "申请", nil, "case_not_found"},
			"another region": {w.actor(hotline.ShiftLeader, shigatse, ""), closed, "申请", nil, "case_not_found"},
			"clerk":          {w.clerk(housing), closed, "申请", nil, "case_not_found"},
		} {
			_, err := w.Erase(ctx, c.a, c.id, c.version, c.basis)
			wantCode(t, name, err, c.code)
		}
		if w.see(closed).Erased || w.kinds(closed)["erased"] != 0 {
			t.Error("refused, and erased all the same")
		}
		must(w.Erase(ctx, w.lead, closed, nil, "申请"))(t)
		if r := w.exportedLog(); r.OK && r.Unindexed == 0 { // some wait for their places
			t.Errorf("got %+v", r)
		}
	})
}
