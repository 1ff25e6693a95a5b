package exchange

import (
	"context"
	"fmt"
	mathrand "math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"liandong/internal/desk"
	"liandong/internal/hotline"
	"liandong/internal/leg"
	"liandong/internal/store"
)

// comparingWays are all ways on which the answer to a question comes by letter.
func comparingWays(t *testing.T) map[string]func(t *testing.T) way {
	all := ways(t)
	all["https, fetched"] = func(t *testing.T) way {
		return way{kind: "https", a: map[string]string{"mode": "held"}, b: map[string]string{"mode": "pull"}, between: func() {}, pace: time.Second}
	}
	return all
}

// differences is what stands on the work list of a side, as one line each.
func (s *side) differences(t *testing.T, peer *side) []string {
	t.Helper()
	ds, err := s.st.Reader().Differences(t.Context(), peer.node.Platform, 1000)
	if err != nil {
		t.Fatal(err)
	}
	out := []string{}
	for _, d := range ds {
		out = append(out, strings.TrimSpace(d.What+" "+d.Letter+" "+d.LegID+" "+d.Ours+" "+d.Theirs))
	}
	slices.Sort(out)
	return out
}

func (s *side) comparison(t *testing.T, peer *side) store.Comparison {
	t.Helper()
	c, err := s.st.Reader().Comparison(t.Context(), peer.node.Platform)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Over every carrier both sides find what they do not agree on, each by letters,
// and nothing else; mended, it goes from the list.
func TestComparedOverEveryCarrier(t *testing.T) {
	for name, make := range comparingWays(t) {
		t.Run(name, func(t *testing.T) {
			p := newPair(t, "sqlite")
			p.clock.Add(time.Since(p.clock.Now())) // who fetches says the true time
			w := make(t)
			p.over(w)
			send := func(text string) string {
				return p.a.send(t, p.a.take(t, text).ID, desk.Order{To: "110"}).Legs[0].ID
			}
			first, second := send("测试按函件核对的第一件诉求"), send("测试按函件核对的第二件诉求")
			p.rounds(w, 3)
			p.b.act(t, first, leg.Accept)
			p.rounds(w, 3)
			compare := func() {
				t.Helper()
				before := map[*side]time.Time{p.a: p.a.comparison(t, p.b).DoneAt, p.b: p.b.comparison(t, p.a).DoneAt}
				for _, s := range []*side{p.a, p.b} {
					if err := s.x.Watch(t.Context()); err != nil {
						t.Fatal(err)
					}
				}
				for range 60 { // a bus brings letters in its own time
					if p.rounds(w, 1); p.a.comparison(t, p.b).Question+p.b.comparison(t, p.a).Question == "" {
						break
					}
				}
				for s, o := range map[*side]*side{p.a: p.b, p.b: p.a} {
					if c := s.comparison(t, o); !c.DoneAt.After(before[s]) || c.Question != "" || c.Trouble != "" {
						t.Fatalf("%s: comparison %+v, want a new one that has ended", s.node.Line, c)
					}
				}
			}
			want := func(s, o *side, lines ...string) {
				t.Helper()
				if diff := cmp.Diff(append([]string{}, lines...), s.differences(t, o)); diff != "" {
					t.Errorf("%s: differences (-want +got):\n%s", s.node.Line, diff)
				}
			}
			compare()
			want(p.a, p.b)
			want(p.b, p.a)

			offer := slices.IndexFunc(p.a.out(t, p.b), func(l store.LetterOut) bool { return l.LegID == second })
			lost := p.a.out(t, p.b)[offer].ID
			p.b.exec(t, `UPDATE leg SET state = 'working' WHERE id = '`+first+`'`)
			p.b.exec(t, `UPDATE letter_in SET id = 'x`+lost[1:]+`' WHERE id = '`+lost+`'`)
			compare()
			want(p.a, p.b, "leg_state  "+first+" accepted working", "lost "+lost+" "+second+" receipted", "unknown x"+lost[1:]+" "+second+"  applied")
			want(p.b, p.a, "leg_state  "+first+" working accepted", "lost "+lost+" "+second+"  receipted", "unknown x"+lost[1:]+" "+second+" applied")

			p.b.exec(t, `UPDATE leg SET state = 'accepted' WHERE id = '`+first+`'`)
			p.b.exec(t, `UPDATE letter_in SET id = '`+lost+`' WHERE id = 'x`+lost[1:]+`'`)
			compare()
			want(p.a, p.b)
			want(p.b, p.a)
			if p.waiting() != 0 {
				t.Errorf("%d letters wait, want none", p.waiting())
			}
		})
	}
}

// Whatever people do while the letters of a comparison are under way, hours
// long and in any order, nothing is called a difference that is none.
func TestComparingCriesNoWolf(t *testing.T) {
	for _, name := range []string{"ferry", "table on sqlite"} {
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(3) {
				p := newPair(t, "sqlite")
				r := mathrand.New(mathrand.NewPCG(seed, 7))
				w := comparingWays(t)[name](t)
				if name == "ferry" {
					w = newFerry(t, func() trouble {
						return []trouble{carried, carried, carried, lost, twice, heldBack}[r.IntN(6)]
					}).way()
				}
				p.over(w)
				var legs []string
				ended := 0
				var last time.Time
				for i := range 40 {
					if i%8 == 0 {
						legs = append(legs, p.a.send(t, p.a.take(t, fmt.Sprintf("测试一边核对一边办理的诉求%d号%d", seed, i)).ID, desk.Order{To: "110"}).Legs[0].ID)
					}
					for range 3 {
						s := []*side{p.a, p.b}[r.IntN(2)]
						if lv, err := s.desk.Leg(t.Context(), s.op, legs[r.IntN(len(legs))]); err == nil && len(lv.Can) > 0 {
							s.try(t, r, lv)
						}
					}
					for _, s := range []*side{p.a, p.b} {
						if err := s.x.Watch(t.Context()); err != nil {
							t.Fatal(err)
						}
					}
					p.rounds(w, 1)
					if got := append(p.a.differences(t, p.b), p.b.differences(t, p.a)...); len(got) > 0 {
						t.Fatalf("seed %d, step %d: %v, and nobody changed anything behind their backs", seed, i, got)
					}
					if c := p.a.comparison(t, p.b); c.DoneAt.After(last) {
						last = c.DoneAt
						ended++
					}
				}
				if ended < 2 {
					t.Errorf("seed %d: %d comparisons came to an end, want some", seed, ended)
				}
			}
		})
	}
}

// Of thousands of letters the one that is lost and the one that was changed are
// found in a few questions.
func TestComparingManyLetters(t *testing.T) {
	onBoth(t, func(t *testing.T, p *pair) {
		zeros := strings.Repeat("0", 58)
		const many = `WITH RECURSIVE n (i) AS (SELECT 100001 UNION ALL SELECT i + 1 FROM n WHERE i < 120000) `
		p.a.exec(t, many+`INSERT INTO letter_out (id, peer, case_id, leg_id, type, number, content, hash, state, created_at, attempts, last_error, answer)
			SELECT 'l' || i, '540000-110', '', '', 'urge', 0, '', '`+zeros+`' || i, 'receipted', 1, 0, '', '' FROM n`)
		p.b.exec(t, many+`INSERT INTO letter_in (id, peer, case_id, leg_id, type, number, content, signature, hash, state, received_at, error)
			SELECT 'l' || i, '540000-12345', '', '', 'urge', 0, '', '', CASE WHEN i = 107777 THEN '`+strings.Repeat("f", 64)+`' ELSE '`+zeros+`' || i END, CASE WHEN i = 115000 THEN 'waiting' ELSE 'applied' END, 1, ''
			FROM n WHERE i <> 111111`)
		questions := 0
		p.faulty(func(wire []byte) ([]byte, fault) {
			questions++
			return wire, deliver
		})
		if err := p.a.x.Watch(t.Context()); err != nil {
			t.Fatal(err)
		}
		want := []string{"changed l107777  receipted applied", "gap l115000  receipted waiting", "lost l111111  receipted"}
		if diff := cmp.Diff(want, p.a.differences(t, p.b)); diff != "" {
			t.Errorf("differences (-want +got):\n%s", diff)
		}
		if questions > 4 {
			t.Errorf("%d questions, want a few", questions)
		}
		// A ledger that is gone altogether is named letter by letter, as far as a list goes.
		p.b.exec(t, `DELETE FROM letter_in WHERE id LIKE 'l1%'`)
		r, err := p.a.x.Reconcile(t.Context(), p.a.op)
		if err != nil || r.Agree || len(r.Differences) != differencesMost || r.Letters != 20000 {
			t.Errorf("got %d differences of %d letters, %v, want %d of 20000", len(r.Differences), r.Letters, err, differencesMost)
		}
		questions = 0
		r, err = p.b.x.Reconcile(t.Context(), p.b.op)
		if err != nil || len(r.Differences) != differencesMost || questions > 30 {
			t.Errorf("the other way: got %d differences in %d questions, %v", len(r.Differences), questions, err)
		}
	})
}

// Questions and answers of a side that does not keep to what was asked change
// nothing, and one that does not compare is named.
func TestComparingWithTheDifficult(t *testing.T) {
	p := newPair(t, "sqlite")
	w := ways(t)["table on sqlite"](t)
	p.over(w)
	id := p.a.send(t, p.a.take(t, "测试不守规矩的核对一二三四").ID, desk.Order{To: "110"}).Legs[0].ID
	p.rounds(w, 2)
	p.b.exec(t, `UPDATE leg SET state = 'working' WHERE id = '`+id+`'`)
	ctx, link := t.Context(), p.a.peerLink(t, p.b)
	ask := func() string {
		t.Helper()
		if err := p.a.x.Watch(ctx); err != nil {
			t.Fatal(err)
		}
		return p.a.comparison(t, p.b).Question
	}
	answer := func(re string, ranges ...leg.Range) error {
		_, err := p.a.x.reconciled(ctx, link, leg.Letter{Type: leg.TypeReconcile, From: p.b.node.Platform, Body: leg.Body{Re: re, Ranges: ranges}})
		return err
	}
	first := ask()
	if again := ask(); again != first || first == "" {
		t.Errorf("asked %q and %q, want one question under way", first, again)
	}
	if err := answer("another-question"); err != nil || p.a.comparison(t, p.b).Question != first {
		t.Errorf("an answer to something else: %v, want nothing done", err)
	}
	wantCode(t, answer(first, leg.Range{List: leg.ListLegs, After: "a", Listed: true}, leg.Range{List: "nothing"}), "reconcile_ranges")
	if c := p.a.comparison(t, p.b); c.Question != "" || c.Trouble != "reconcile_ranges" || len(p.a.differences(t, p.b)) != 0 {
		t.Errorf("got %+v, want the comparison ended with its reason", c)
	}
	hash := func(q string) string {
		l, err := p.a.st.Reader().LetterOut(ctx, q)
		if err != nil {
			t.Fatal(err)
		}
		return l.Hash
	}
	second := ask()
	if err := p.a.desk.Answered(ctx, link, leg.Letter{Type: leg.TypeError, Body: leg.Body{Re: second, Hash: hash(second), Code: "letter_type", Status: "dropped"}}); err != nil {
		t.Fatal(err)
	}
	if c := p.a.comparison(t, p.b); c.Question != "" || c.Trouble != "letter_type" {
		t.Errorf("got %+v, want that the peer does not compare", c)
	}
	r, err := p.a.x.reconcile(ctx, p.a.op, time.Millisecond)
	if err != nil || r.Agree || r.Differences[0].What != Awaited {
		t.Errorf("got %+v, %v, want that the answer is awaited", r, err)
	}
	third := p.a.comparison(t, p.b).Question
	if err := answer(third); err != nil || p.a.comparison(t, p.b).DoneAt.IsZero() { // it says that all is the same
		t.Errorf("got %+v, %v, want it ended", p.a.comparison(t, p.b), err)
	}
	// One whose answer never comes is asked again after a while, and no earlier.
	fourth := ask()
	p.clock.Add(answerAge + time.Hour)
	if fifth := ask(); fifth == fourth {
		t.Error("after days the same question, want a new one")
	}
	for name, asked := range map[string][]leg.Range{
		"overlapping": {{List: leg.ListLegs, Until: "m"}, {List: leg.ListLegs, After: "b"}},
		"twice":       {{List: leg.ListAsker}, {List: leg.ListAsker}},
		"backwards":   {{List: leg.ListAsker, After: "m", Until: "b"}},
	} {
		if _, err := p.b.x.answer(ctx, p.a.node.Platform, asked); hotline.CodeOf(err) != "reconcile_ranges" {
			t.Errorf("%s: got %v, want it refused", name, err)
		}
	}
}

// Where both sides work, who asks at the command line over letters gets the
// answer while waiting.
func TestReconcileOverLetters(t *testing.T) {
	p := newPair(t, "sqlite")
	p.over(ways(t)["table on sqlite"](t))
	id := p.a.send(t, p.a.take(t, "测试当场核对的诉求一二三四").ID, desk.Order{To: "110"}).Legs[0].ID
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 2)
	for _, s := range []*side{p.a, p.b} {
		go func() { done <- s.x.Post(ctx) }()
	}
	defer func() {
		stop()
		<-done
		<-done
	}()
	for p.waiting() > 0 || p.a.state(t, id) != leg.Received {
		time.Sleep(20 * time.Millisecond)
	}
	if r, err := p.a.x.Reconcile(ctx, p.a.op); err != nil || !r.Agree || r.Letters != 1 || r.Legs != 1 {
		t.Errorf("got %+v, %v, want both to agree on a letter and a leg", r, err)
	}
	p.b.exec(t, `UPDATE leg SET state = 'working' WHERE id = '`+id+`'`)
	if r, err := p.a.x.Reconcile(ctx, p.a.op); err != nil || r.Agree || len(r.Differences) != 1 || r.Differences[0].What != LegState || r.Differences[0].Leg != id {
		t.Errorf("got %+v, %v, want the leg's state", r, err)
	}
}

// What is compared of two copies of a leg.
func TestCopiesOfALeg(t *testing.T) {
	e := func(state leg.State, is string) leg.Entry {
		return leg.Entry{ID: "l1", State: string(state), Apart: is == "apart", Moving: is == "moving"}
	}
	for _, tc := range []struct {
		o, t  leg.Entry
		there bool
		want  string
	}{
		{e(leg.Accepted, ""), e(leg.Accepted, ""), true, ""},
		{e(leg.Accepted, ""), e(leg.Working, ""), true, LegState},
		{e(leg.Accepted, "moving"), e(leg.Working, ""), true, ""},
		{e(leg.Accepted, ""), e(leg.Working, "moving"), true, ""},
		{e(leg.Sent, "apart"), e(leg.Received, ""), true, LegState},
		{e(leg.Sent, "apart"), leg.Entry{}, false, ""},
		{e(leg.Sent, "moving"), leg.Entry{}, false, ""},
		{e(leg.Received, ""), leg.Entry{}, false, LegMissing},
	} {
		if got := legDiffers(tc.o, tc.t, tc.there); got != tc.want {
			t.Errorf("%+v and %+v: got %q, want %q", tc.o, tc.t, got, tc.want)
		}
	}
}
