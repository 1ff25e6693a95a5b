package desk_test

import (
	"testing"

	"liandong/internal/audit"
	"liandong/internal/casefile"
	"liandong/internal/desk"
	"liandong/internal/leg"
)

func TestSearch(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		ids := map[string]string{}
		for name, text := range map[string]string{
			"cover":   plain,
			"water":   "自来水停了两天，WIFI也断了，门牌２０８",
			"tibetan": "ལྷ་ས་གྲོང་ཁྱེར་ལ་ཆུ་མི་འདུག",
			"other":   "ལྷི་ས་གྲོང་ཁྱེར",
		} {
			ids[w.take(text).ID] = name
		}
		found := func(q string) map[string]bool {
			out := map[string]bool{}
			for _, v := range must(w.Cases(ctx, w.lead, desk.Filter{Query: q}))(t).Cases {
				out[ids[v.ID]] = true
			}
			return out
		}
		if got := found("井盖"); len(got) != 0 {
			t.Errorf("before the index: got %v", got)
		}
		for range 2 { // the second has nothing to do
			if err := w.IndexSome(ctx); err != nil {
				t.Fatal(err)
			}
		}
		for q, want := range map[string]string{
			"井盖": "cover", "盖坏": "cover", "停了": "water", "wifi": "water", "208": "water", "２０８": "water",
			"ལྷ་ས": "tibetan", "ལྷི་ས": "other", "井盖 小区": "cover", "停电": "", "盖井": "", "井": "", "20": "", "，。": "",
		} {
			got := found(q)
			if want == "" && len(got) != 0 || want != "" && (len(got) != 1 || !got[want]) {
				t.Errorf("%q: got %v, want %q", q, got, want)
			}
		}
	})
}

// The caller's own open case comes up, however the number is written.
func TestSimilar(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		take := func(text, phone string) string {
			return w.take(text, func(in *desk.In) { in.CallerPhone = phone }).ID
		}
		mine, land := take("路灯不亮已经一个星期了", "139 0000 0001"), take("路灯不亮已经一个星期了", "0891-6330000")
		take("路灯不亮已经一个星期了", "13900000002")
		first := func(text, phone string) string {
			l := must(w.Similar(ctx, w.lead, text, "", phone))(t)
			if len(l) == 0 {
				return ""
			}
			return l[0].ID
		}
		for _, phone := range []string{"13900000001", "139 0000 0001", "139-0000-0001", "+86-13900000001", "+86 139-0000-0001", "8613900000001",
			"0086 139 0000 0001", " +86-139-0000-0001", "１３９０００００００１", "013900000001"} {
			if got := first("", phone); got != mine {
				t.Errorf("%q: got %q, want the caller's own", phone, got)
			}
		}
		for _, phone := range []string{"08916330000", "+86 891 6330000", "0086-891-6330000"} {
			if got := first("", phone); got != land {
				t.Errorf("%q: got %q, want the caller's own", phone, got)
			}
		}
		for _, phone := range []string{"", "139", "3900000001", "13900000003", "nobody"} {
			if got := first("", phone); got != "" {
				t.Errorf("%q: got a case of somebody", phone)
			}
		}
		if err := w.IndexSome(ctx); err != nil {
			t.Fatal(err)
		}
		for range 6 {
			take("路灯不亮，大家晚上走路害怕", "")
		}
		if err := w.IndexSome(ctx); err != nil {
			t.Fatal(err)
		}
		l := must(w.Similar(ctx, w.lead, "路灯不亮", "", "13900000001"))(t)
		if len(l) != 5 || l[0].ID != mine {
			t.Errorf("by words and number: got %d, want 5 with the caller's own first", len(l))
		}
		if l = must(w.Similar(ctx, w.lead, "路灯不亮", shigatse, ""))(t); len(l) != 0 {
			t.Errorf("in another region: got %d", len(l))
		}
		must(w.Close(ctx, w.lead, mine, desk.Closing{Outcome: casefile.OnTheSpot}))(t)
		if got := first("", "13900000001"); got != "" {
			t.Errorf("closed: got %q, want none", got)
		}
	})
}

// The leaf of every event is computed anew from its row, on both engines.
func TestLeavesOfEvents(t *testing.T) {
	for _, engine := range engines {
		t.Run(engine, func(t *testing.T) {
			a, b := newWorld(t, engine, "12345"), newWorld(t, engine, "110")
			ids := secretJourney(t, joinDesks(t, a, b), a, b)
			a.clock.Add(60 * 24 * 60 * 60 * 1e9)
			extra := a.send(a.take(plain).ID, urgent("unit:"+housing))
			a.act(a.clerk(housing), extra.Legs[0].ID, leg.Accept, leg.Escalate)
			a.clock.Add(60 * 24 * 60 * 60 * 1e9)
			if _, err := a.FireClocks(t.Context()); err != nil {
				t.Fatal(err)
			}
			seen := map[string]bool{}
			leaves := map[[32]byte]bool{}
			for i, w := range []*world{a, b} {
				list := ids[i]
				if w == a {
					list = append(list, extra.ID)
				}
				for _, id := range list {
					es := must(w.st.Reader().EventsOf(t.Context(), id, "", 1000))(t)
					for _, e := range es {
						r := audit.Record{ID: e.ID, Node: w.Node().Platform, Case: e.CaseID, Leg: e.LegID, At: e.At.UnixMicro(), Kind: e.Kind,
							Actor: e.ActorID, ActorRole: e.ActorRole, Body: []byte(e.Body), Commitment: e.Commitment}
						_, leaf, err := audit.Leaf(r)
						if err != nil || leaf != e.Leaf || leaf == ([32]byte{}) {
							t.Errorf("%s %s: got the leaf %x, %v; the row says %x", e.Kind, e.ID, leaf, err, e.Leaf)
						}
						if leaves[leaf] {
							t.Errorf("%s %s: its leaf is another's too", e.Kind, e.ID)
						}
						if (len(e.Note) > 0) != (e.Commitment != "") {
							t.Errorf("%s: note of %d bytes, commitment %q", e.Kind, len(e.Note), e.Commitment)
						}
						if r.Body = []byte(`{"forged":1}`); e.Body != "" {
							if _, forged, err := audit.Leaf(r); err != nil || forged == e.Leaf {
								t.Errorf("%s: another body has the same leaf (%v)", e.Kind, err)
							}
						}
						seen[e.Kind], leaves[leaf] = true, true
					}
				}
			}
			if len(seen) < 24 {
				t.Errorf("got %d kinds of event, want a whole journey's: %v", len(seen), seen)
			}
		})
	}
}
