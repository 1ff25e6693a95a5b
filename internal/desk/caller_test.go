package desk_test

import (
	"bytes"
	"slices"
	"testing"

	"liandong/internal/casefile"
	"liandong/internal/desk"
	"liandong/internal/hotline"
	"liandong/internal/leg"
)

// What was not taken down of a caller in a hurry is added later as what it is:
// sealed, told to the other platform, found by the number, and said in no event.
func TestCompleteCaller(t *testing.T) {
	const name, phone, address = "次仁测试", "13900000021", "团结新村7栋2单元"
	for _, engine := range engines {
		t.Run(engine, func(t *testing.T) {
			ctx := t.Context()
			a, b := newWorld(t, engine, "12345"), newWorld(t, engine, "110")
			p := joinDesks(t, a, b)
			hurry := func(in *desk.In) { in.CallerName, in.CallerPhone, in.Address = "", "", "" }
			v := a.send(a.take("我家厨房着火了快来救人", hurry).ID, to("110"))
			p.settle()
			there := must(b.st.Reader().Leg(ctx, v.Legs[0].ID))(t).CaseID

			wantField(t, "nothing", a.CompleteCaller(ctx, a.lead, v.ID, nil, desk.Particulars{Name: " "}), "caller_empty", "phone")
			wantField(t, "no number", a.CompleteCaller(ctx, a.lead, v.ID, nil, desk.Particulars{Phone: "不知道"}), "phone_invalid", "phone")
			wantCode(t, "stale", a.CompleteCaller(ctx, a.lead, v.ID, ptr(v.Version+1), desk.Particulars{Name: name}), "version_wrong")
			wantCode(t, "a supervisor", a.CompleteCaller(ctx, a.actor(hotline.Supervisor, "", ""), v.ID, nil, desk.Particulars{Name: name}), "denied")
			wantCode(t, "another region", a.CompleteCaller(ctx, a.actor(hotline.Operator, shigatse, ""), v.ID, nil, desk.Particulars{Name: name}), "case_not_found")
			if n := a.kinds(v.ID)["caller_completed"]; n != 0 {
				t.Errorf("refused, and recorded all the same: %d events", n)
			}

			all := desk.Particulars{Name: name, Phone: phone, Address: address}
			for range 2 { // the same click twice
				if err := a.CompleteCaller(ctx, a.lead, v.ID, nil, all); err != nil {
					t.Fatal(err)
				}
			}
			p.settle()
			wantField(t, "another name", a.CompleteCaller(ctx, a.lead, v.ID, nil, desk.Particulars{Name: "别人"}), "caller_known", "name")
			for i, w := range p.sides {
				id := []string{v.ID, there}[i]
				if got := must(w.Reveal(ctx, w.lead, id, "回拨"))(t); got.Name != name || got.Phone != phone || got.Address != address {
					t.Errorf("%s: got %q %q %q, want what was added", w.Node().Line, got.Name, got.Phone, got.Address)
				}
				if got := must(w.Similar(ctx, w.lead, "", "", phone))(t); !slices.ContainsFunc(got, func(v desk.CaseView) bool { return v.ID == id }) {
					t.Errorf("%s: the case is not found by the caller's number", w.Node().Line)
				}
				if kinds := w.kinds(id); kinds["caller_completed"] != 1 || kinds["supplement"] != 0 {
					t.Errorf("%s: got events %v, want one caller_completed and no words", w.Node().Line, kinds)
				}
				w.nothingShown(id)
				for where, dump := range w.dump() {
					for _, s := range []string{name, phone, address} {
						if bytes.Contains(dump, []byte(s)) {
							t.Errorf("%s: %s holds %q in the clear", w.Node().Line, where, s)
						}
					}
				}
			}

			// The other way, and what the other side knows better stays there.
			w := a.send(a.take(plain, hurry).ID, to("110"))
			p.settle()
			there = must(b.st.Reader().Leg(ctx, w.Legs[0].ID))(t).CaseID
			if err := b.CompleteCaller(ctx, b.lead, there, nil, desk.Particulars{Name: name}); err != nil {
				t.Fatal(err)
			}
			if err := a.CompleteCaller(ctx, a.lead, w.ID, nil, desk.Particulars{Name: "德吉测试"}); err != nil {
				t.Fatal(err)
			}
			p.settle()
			if got := must(a.Reveal(ctx, a.lead, w.ID, "回拨"))(t); got.Name != "德吉测试" || a.kinds(w.ID)["supplement"] != 1 {
				t.Errorf("two at once: got %q, events %v; want our own, and theirs as a supplement", got.Name, a.kinds(w.ID))
			}

			b.act(b.lead, w.Legs[0].ID, leg.Accept, leg.Progress, leg.Feedback)
			p.settle()
			a.act(a.lead, w.Legs[0].ID, leg.Settle)
			must(a.Callback(ctx, a.lead, w.ID, desk.Asked{Solved: true, Satisfaction: 1, Scale: 3}))(t)
			must(a.Close(ctx, a.lead, w.ID, desk.Closing{Outcome: casefile.SolvedOutcome}))(t)
			wantCode(t, "closed", a.CompleteCaller(ctx, a.lead, w.ID, nil, all), "case_closed")
			must(a.Erase(ctx, a.lead, w.ID, nil, "保存期满"))(t)
			wantCode(t, "erased", a.CompleteCaller(ctx, a.lead, w.ID, nil, all), "erased")
		})
	}
}
