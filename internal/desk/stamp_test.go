package desk_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"liandong/internal/audit"
	"liandong/internal/hotline"
	"liandong/internal/proof"
	"liandong/internal/store"
	"liandong/internal/tsa/tsatest"
)

func TestStampedHeads(t *testing.T) {
	for _, engine := range engines {
		t.Run(engine, func(t *testing.T) {
			w := newWorld(t, engine, "12345")
			a, other := tsatest.New(t), tsatest.New(t)
			a.Now = w.Now
			stamp := func() {
				t.Helper()
				must(0, w.Sequence(t.Context()))(t)
				if err := w.StampHead(t.Context(), time.Hour, a.Ask(t), a.Roots); err != nil {
					t.Fatal(err)
				}
			}
			stamp()
			if a.Asked() != 0 {
				t.Error("an empty log was stamped")
			}
			c := w.take(plain)
			stamp()
			first := must(w.st.Reader().LastStampAt(t.Context()))(t)
			w.take(plain)
			stamp() // within the hour
			w.clock.Add(time.Hour)
			stamp()
			w.clock.Add(time.Hour)
			stamp() // nothing new
			if a.Asked() != 2 {
				t.Errorf("asked %d times, want 2", a.Asked())
			}

			var b bytes.Buffer
			must(0, w.ExportLog(t.Context(), w.lead, &b))(t)
			log := b.String()
			r := must(proof.Verify(strings.NewReader(log), proof.Options{Roots: a.Roots}))(t)
			if !r.OK || len(r.Stamps) != 1 || r.Stamps[0].Size != r.Size || !r.Stamps[0].Trusted || !r.Stamps[0].At.After(first) || strings.Count(log, `{"stamp":`) != 2 {
				t.Errorf("got %+v, want two stamps in the log, the last one told", r)
			}
			for name, o := range map[string]proof.Options{"nobody's word": {}, "another authority": {Roots: other.Roots}} {
				r := must(proof.Verify(strings.NewReader(log), o))(t)
				if name == "nobody's word" && (!r.OK || r.Stamps[0].Trusted) || name != "nobody's word" && (r.OK || r.Faults[0].Code != proof.StampWrong) {
					t.Errorf("%s: got %+v", name, r)
				}
			}
			// The stamps of two heads, each in the other's place.
			lines := strings.SplitAfter(log, "\n")
			var at []int
			for i, l := range lines {
				if strings.HasPrefix(l, `{"stamp":`) {
					at = append(at, i)
				}
			}
			lines[at[0]], lines[at[1]] = lines[at[1]], lines[at[0]]
			if r := must(proof.Verify(strings.NewReader(strings.Join(lines, "")), proof.Options{}))(t); r.OK || r.Faults[0].Code != proof.StampWrong {
				t.Errorf("stamps exchanged: got %+v, want stamp_wrong", r.Faults)
			}

			// A case is proved by the stamped head, unless something happened in it since.
			for _, want := range []int{1, 0} {
				if r, _ := w.exported(c.ID, ""); !r.OK || len(r.Stamps) != want {
					t.Errorf("the case: got %d stamps, %+v, want %d", len(r.Stamps), r, want)
				}
				if want > 0 {
					w.send(c.ID, to("unit:540102-housing"))
				}
			}
		})
	}
}

// An authority that is silent, refuses, or answers for something else, leaves no
// stamp and stops nothing.
func TestStampRefused(t *testing.T) {
	w := newWorld(t, "sqlite", "12345")
	a := tsatest.New(t)
	w.take(plain)
	must(0, w.Sequence(t.Context()))(t)
	for name, ask := range map[string]func(context.Context, []byte) ([]byte, error){
		"silent":   func(context.Context, []byte) ([]byte, error) { return nil, errors.New("silent") },
		"nonsense": func(context.Context, []byte) ([]byte, error) { return []byte("no"), nil },
		"other": func(context.Context, []byte) ([]byte, error) {
			request, _, err := audit.StampRequest(audit.Head{Platform: "x"})
			if err != nil {
				return nil, err
			}
			return a.Answers(t, request), nil
		},
	} {
		if err := w.StampHead(t.Context(), time.Hour, ask, a.Roots); err == nil {
			t.Errorf("%s: taken", name)
		} else if name != "silent" && hotline.KindOf(err) != hotline.Invalid {
			t.Errorf("%s: got %v, want it invalid", name, err)
		}
	}
	if h, err := w.st.Reader().LastStamped(t.Context()); err != nil || h != (*store.HeadNote)(nil) {
		t.Errorf("got %+v, %v, want no stamp", h, err)
	}
}
