package desk_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"liandong/internal/calendar"
	"liandong/internal/casefile"
	"liandong/internal/consultation"
	"liandong/internal/desk"
	"liandong/internal/hotline"
	"liandong/internal/leg"
	"liandong/internal/store"
	"liandong/internal/triage"
)

// From the second return to the ruling: the case is in dispute, the parties are
// heard, the ruling ends the dispute and sends the next leg.
func TestConsultationEndsADispute(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx, secretary := t.Context(), w.actor(hotline.Secretary, "", "")
		c, l := w.sent(desk.Order{To: "unit:" + housing, Ask: "请办理", Role: leg.Lead})
		w.act(w.clerk(housing), l.ID, leg.Return)
		c = w.send(c.ID, desk.Order{To: "unit:" + urban, Ask: "请办理", Role: leg.Lead, Replaces: l.ID})
		w.act(w.clerk(urban), c.Legs[1].ID, leg.Return)
		if !w.see(c.ID).Dispute {
			t.Fatal("after the second return the case is not in dispute")
		}
		n := desk.NewConsultation{CaseID: c.ID, Cause: consultation.OfDispute, Form: consultation.Written, Question: "井盖归谁",
			Parties: []string{"unit:" + housing, "unit:" + urban, "platform:540000-110"}}
		few := n
		few.Parties = n.Parties[:1]
		if _, err := w.OpenConsultation(ctx, secretary, few); hotline.CodeOf(err) != "parties_missing" {
			t.Errorf("with one party: got %v", err)
		}
		few.Parties = []string{"unit:none", "unit:" + urban}
		if _, err := w.OpenConsultation(ctx, secretary, few); hotline.CodeOf(err) != "to_unknown" {
			t.Errorf("a party that is none: got %v", err)
		}
		x, err := w.OpenConsultation(ctx, secretary, n)
		if err != nil || x.Interim != w.Node().Platform || len(x.Parties) != 3 {
			t.Fatalf("open: got %+v, %v, want three parties and the desk as interim owner", x, err)
		}
		if err := w.GiveOpinion(ctx, w.clerk(housing), x.ID, "unit:"+urban, "路面井盖归市政"); err != nil {
			t.Fatal(err)
		}
		if err := w.GiveOpinion(ctx, w.clerk(police), x.ID, "", "与我无关"); hotline.CodeOf(err) != "consultation_not_found" {
			t.Errorf("nobody asked: got %v", err)
		}
		v, err := w.Consultation(ctx, w.clerk(urban), x.ID)
		if err != nil || v.Leads || len(v.Story) != 2 || v.Story[1].Of("party") != "unit:"+housing {
			t.Errorf("a party sees: got %d events, %v, want the opening and the opinion under its own name", len(v.Story), err)
		}
		ruling := consultation.Ruling{Owner: "unit:" + urban, Basis: "市政设施管理办法", From: w.Now()}
		if err := w.Rule(ctx, w.clerk(urban), x.ID, 1, ruling, "纪要"); hotline.KindOf(err) != hotline.Denied {
			t.Errorf("a party rules: got %v, want denied", err)
		}
		back := ruling
		back.From = w.Now().Add(-72 * time.Hour)
		if err := w.Rule(ctx, secretary, x.ID, 1, back, "纪要"); hotline.CodeOf(err) != "ruling_backdated" {
			t.Errorf("backdated: got %v", err)
		}
		nobody := ruling
		nobody.Owner = "unit:none"
		if err := w.Rule(ctx, secretary, x.ID, 1, nobody, "纪要"); err == nil || !w.see(c.ID).Dispute {
			t.Errorf("for a unit that is none: got %v, want a refusal that changes nothing", err)
		}
		if err := w.Rule(ctx, secretary, x.ID, 1, ruling, "路面井盖由市政负责"); err != nil {
			t.Fatal(err)
		}
		after := w.see(c.ID)
		if after.Dispute || len(after.Legs) != 3 || after.Legs[2].Unit != urban || after.Legs[1].Resolution != leg.BySuccessor {
			t.Errorf("after the ruling: got dispute %v, %d legs, want none and a third leg to %s in place of the returned one", after.Dispute, len(after.Legs), urban)
		}
		if err := w.Rule(ctx, secretary, x.ID, 2, ruling, "再裁"); hotline.CodeOf(err) != "consultation_ended" {
			t.Errorf("ruled twice: got %v", err)
		}
		if list, err := w.Consultations(ctx, secretary, consultation.Ruled); err != nil || len(list) != 1 {
			t.Errorf("ruled ones: got %d, %v", len(list), err)
		}
	})
}

func TestConsultationCancelled(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx, secretary := t.Context(), w.actor(hotline.Secretary, "", "")
		c, _ := w.sent(desk.Order{To: "unit:" + housing, Ask: "请办理", Role: leg.Lead})
		x, err := w.OpenConsultation(ctx, secretary, desk.NewConsultation{CaseID: c.ID, Cause: consultation.ByHand, Form: consultation.Meeting, Question: "归谁",
			Parties: []string{"unit:" + housing, "unit:" + urban}})
		if err != nil {
			t.Fatal(err)
		}
		if err := w.CancelConsultation(ctx, secretary, x.ID, 7, "双方已协商一致"); hotline.CodeOf(err) != "version_wrong" {
			t.Errorf("of another version: got %v", err)
		}
		if err := w.CancelConsultation(ctx, secretary, x.ID, 1, "双方已协商一致"); err != nil {
			t.Fatal(err)
		}
		if err := w.GiveOpinion(ctx, w.clerk(housing), x.ID, "", "晚了"); hotline.CodeOf(err) != "consultation_ended" {
			t.Errorf("an opinion too late: got %v", err)
		}
		if items, err := w.ReturnedItems(ctx, secretary); err != nil || len(items) != 0 {
			t.Errorf("nothing was returned: got %d items, %v", len(items), err)
		}
	})
}

// A ruling names somebody who exists also where nothing is sent to them any
// more, and one on an item that is gone begins no draft.
func TestRulingOnWhatIsNot(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx, secretary := t.Context(), w.actor(hotline.Secretary, "", "")
		w.seedDocuments()
		c := w.take("城关区北京中路的路灯坏了三天了", func(in *desk.In) { in.Category, in.Item = "A01", "A01.01" })
		c = w.send(c.ID, desk.Order{To: "unit:" + urban, Ask: "请办理", Role: leg.Lead})
		x := must(w.OpenConsultation(ctx, secretary, desk.NewConsultation{CaseID: c.ID, Cause: consultation.ByHand, Form: consultation.Written, Question: "归谁",
			Parties: []string{"unit:" + housing, "unit:" + urban}}))(t)
		l := c.Legs[0].ID
		w.act(w.clerk(urban), l, leg.Accept, leg.Feedback)
		w.act(w.lead, l, leg.Settle)
		if _, err := w.Callback(ctx, w.lead, c.ID, desk.Asked{Solved: true, Satisfaction: 1, Scale: 5}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Close(ctx, w.lead, c.ID, desk.Closing{Outcome: casefile.SolvedOutcome}); err != nil {
			t.Fatal(err)
		}
		ruling := consultation.Ruling{Owner: "unit:none", Basis: "市政设施管理办法", From: w.Now()}
		wantCode(t, "for a unit that is none", w.Rule(ctx, secretary, x.ID, 1, ruling, "纪要"), "unit_unknown")
		ruling.Owner = "platform:none"
		wantCode(t, "for a platform that is none", w.Rule(ctx, secretary, x.ID, 1, ruling, "纪要"), "link_unknown")
		if v := must(w.Consultation(ctx, secretary, x.ID))(t); v.State != consultation.Open {
			t.Errorf("a refused ruling ended it: %s", v.State)
		}
		ruling.Owner = "unit:" + housing
		if err := w.Rule(ctx, secretary, x.ID, 1, ruling, "纪要"); err != nil {
			t.Fatal(err)
		}
		next := w.Catalogue().Clone()
		next.DropItem("A01.01")
		next.Version, next.EffectiveFrom = "test-2", w.Now().In(calendar.Zone).Format(time.DateOnly)
		content := must(json.Marshal(next))(t)
		if err := w.st.Write(ctx, func(tx *store.Tx) error {
			return tx.AddDocument(ctx, store.Document{Kind: desk.CatalogueKind, Version: "test-2", EffectiveFrom: next.EffectiveFrom, Content: string(content), LoadedAt: w.Now()})
		}); err != nil {
			t.Fatal(err)
		}
		if err := w.RefreshCatalogue(ctx); err != nil {
			t.Fatal(err)
		}
		wantCode(t, "on an item that is gone", second(w.DraftOfRuling(ctx, w.actor(hotline.Editor, "", ""), x.ID)), "ruling_item_gone")
		if ds := must(w.Drafts(ctx, secretary))(t); len(ds) != 0 {
			t.Errorf("%d drafts, want none", len(ds))
		}
	})
}

// A ruling that moves the matter to another class moves its item there, under
// the line that takes that class.
func TestRulingMovesAnItem(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx, secretary, editor := t.Context(), w.actor(hotline.Secretary, "", ""), w.actor(hotline.Editor, "", "")
		w.seedDocuments()
		c := w.take("城关区北京中路的路灯坏了三天了", func(in *desk.In) { in.Category, in.Item = "A01", "A01.01" })
		x := must(w.OpenConsultation(ctx, secretary, desk.NewConsultation{CaseID: c.ID, Cause: consultation.ByHand, Form: consultation.Written, Question: "归谁",
			Parties: []string{"unit:" + housing, "unit:" + urban}}))(t)
		ruling := consultation.Ruling{Owner: w.Node().Line, Basis: "测试职责清单", From: w.Now(), Class: "B99"}
		wantCode(t, "to a class that is none", w.Rule(ctx, secretary, x.ID, 1, ruling, "纪要"), "category_unknown")
		ruling.Class = "B05"
		if err := w.Rule(ctx, secretary, x.ID, 1, ruling, "纪要"); err != nil {
			t.Fatal(err)
		}
		if v := must(w.Consultation(ctx, secretary, x.ID))(t); v.Owner != "platform:"+w.Node().Platform || v.RuledClass != "B05" || len(w.see(c.ID).Legs) != 0 {
			t.Errorf("ruled: %s, %s, want this platform, which sends itself nothing", v.Owner, v.RuledClass)
		}
		d := must(w.DraftOfRuling(ctx, editor, x.ID))(t)
		v := must(w.Draft(ctx, editor, d.ID))(t)
		if _, ok := v.Catalogue.Item("A01.01"); ok || len(v.Faults) > 0 {
			t.Errorf("the item is where it was, faults %v", v.Faults)
		}
		moved := v.Catalogue.ItemsOf("B05")
		lamp := moved[len(moved)-1]
		if old, _ := w.Catalogue().Item("A01.01"); lamp.Name != old.Name || lamp.Lead == old.Lead {
			t.Errorf("got %+v in B05, want the item with the lead of its class", lamp)
		}
		if err := w.TryDraft(ctx, editor, d.ID, 1); err != nil {
			t.Fatal(err)
		}
		if err := w.Publish(ctx, editor, d.ID, 2, desk.Release{Version: "test-2", From: w.Now().In(calendar.Zone).Format(time.DateOnly), Basis: "会商裁定"}); err != nil {
			t.Fatal(err)
		}
		if it, ok := w.Catalogue().Item(lamp.Code); !ok || w.Catalogue().LineOf(it.Class) != "110" {
			t.Errorf("in force: %+v, want the item with the line of its class", it)
		}
	})
}

// What a ruling moved to another class is proposed in that class, and for its
// unit, from the moment the version counts: the model, which has read it
// elsewhere, does not send it back. Danger in the same words stays what it is.
func TestMovedItemIsProposedWhereItIs(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx, secretary, editor := t.Context(), w.actor(hotline.Secretary, "", ""), w.actor(hotline.Editor, "", "")
		w.seedDocuments()
		const words, danger = "城关区北京中路的路灯不亮了三天了，没人来修", "城关区北京中路的路灯不亮，灯杆漏电，有人触电倒地了"
		before, alarmed := w.Propose(words, ""), w.Propose(danger, "")
		if before.Category != "A01" || before.Item != "A01.01" || before.Unit.Code != urban || alarmed.Urgent == "" {
			t.Fatalf("before: %+v and %+v, want A01.01 and danger", before, alarmed)
		}
		c := w.take(words, func(in *desk.In) { in.Category, in.Item = "A01", "A01.01" })
		x := must(w.OpenConsultation(ctx, secretary, desk.NewConsultation{CaseID: c.ID, Cause: consultation.ByHand, Form: consultation.Written, Question: "归谁",
			Parties: []string{"unit:" + housing, "unit:" + urban}}))(t)
		if err := w.Rule(ctx, secretary, x.ID, 1, consultation.Ruling{Owner: "unit:" + urban, Basis: "测试职责清单", From: w.Now(), Class: "A02"}, "纪要"); err != nil {
			t.Fatal(err)
		}
		d := must(w.DraftOfRuling(ctx, editor, x.ID))(t)
		if err := w.TryDraft(ctx, editor, d.ID, 1); err != nil {
			t.Fatal(err)
		}
		tried := must(w.Draft(ctx, editor, d.ID))(t)
		if len(tried.Trial.Rows) != 1 || !strings.HasPrefix(tried.Trial.Rows[0].After, "A02.") {
			t.Errorf("the trial says %+v, want the item in its new class", tried.Trial.Rows)
		}
		if err := w.Publish(ctx, editor, d.ID, tried.Version, desk.Release{Version: "test-2", From: w.Now().In(calendar.Zone).Format(time.DateOnly), Basis: "会商裁定"}); err != nil {
			t.Fatal(err)
		}
		after := w.Propose(words, "")
		it, _ := w.Catalogue().Item(after.Item)
		if after.Category != "A02" || it.Name != "路灯不亮" || after.Unit.Code != urban || after.Line != "12345" || after.Candidates[0].Category != "A02" || after.Candidates[0].Item != it.Code {
			t.Errorf("after: %+v of %s, want the item in A02, of the unit that the ruling names", after.Proposal, after.Unit.Code)
		}
		seen, sum := map[string]bool{}, 0.0
		for _, k := range after.Candidates {
			if seen[k.Category] {
				t.Errorf("%s is a candidate twice", k.Category)
			}
			seen[k.Category], sum = true, sum+k.Score
		}
		if len(after.Candidates) > 3 || sum > 1.0001 || !slices.ContainsFunc(after.Reasons, func(r triage.Reason) bool { return r.Kind == triage.ForItem && r.Of == it.Code }) {
			t.Errorf("after: candidates %+v, reasons %+v, want at most three and the word of the item", after.Candidates, after.Reasons)
		}
		if got := w.Propose(danger, ""); got.Urgent != alarmed.Urgent || got.Level != alarmed.Level {
			t.Errorf("danger: %s at level %d, want %s at %d as before", got.Urgent, got.Level, alarmed.Urgent, alarmed.Level)
		}
		if other := w.Propose("小区门口的井盖丢了，晚上走路不安全", ""); other.Category != "A01" {
			t.Errorf("another matter of the class: %+v, want A01", other.Proposal)
		}
	})
}

// A ruling sends nothing where there is nothing to send: whom it names has the
// matter already, or the case is closed.
func TestRulingSendsNothingTwice(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx, secretary := t.Context(), w.actor(hotline.Secretary, "", "")
		rule := func(c desk.CaseView) {
			t.Helper()
			x := must(w.OpenConsultation(ctx, secretary, desk.NewConsultation{CaseID: c.ID, Cause: consultation.ByHand, Form: consultation.Meeting, Question: "归谁",
				Parties: []string{"unit:" + housing, "unit:" + urban}}))(t)
			if c.Legs[0].State == leg.Settled {
				must(w.Close(ctx, w.lead, c.ID, desk.Closing{Outcome: casefile.SolvedOutcome}))(t)
			}
			if err := w.Rule(ctx, secretary, x.ID, 1, consultation.Ruling{Owner: "unit:" + housing, Basis: "测试职责清单", From: w.Now()}, "纪要"); err != nil {
				t.Fatal(err)
			}
			if v := must(w.Consultation(ctx, secretary, x.ID))(t); v.State != consultation.Ruled {
				t.Errorf("the consultation is %s", v.State)
			}
			if got := w.see(c.ID).Legs; len(got) != len(c.Legs) {
				t.Errorf("after the ruling there are %d legs, want %d as before", len(got), len(c.Legs))
			}
		}
		c := w.take(plain, func(in *desk.In) { in.Category = "A14" })
		c = w.send(c.ID, to("unit:"+housing))
		w.act(w.clerk(housing), c.Legs[0].ID, leg.Accept)
		rule(w.see(c.ID)) // it has it

		d := w.take(plain+"，另一处", func(in *desk.In) { in.Category = "A14" })
		d = w.send(d.ID, to("unit:"+urban))
		w.act(w.lead, d.Legs[0].ID, leg.Accept, leg.Feedback, leg.Settle)
		rule(w.see(d.ID)) // it is closed before the ruling
	})
}

// A unit sees the consultations that it is asked in, and no other.
func TestConsultationIsForItsParties(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx, secretary := t.Context(), w.actor(hotline.Secretary, "", "")
		c := w.take(plain, func(in *desk.In) { in.Category = "A14" })
		x := must(w.OpenConsultation(ctx, secretary, desk.NewConsultation{CaseID: c.ID, Cause: consultation.ByHand, Form: consultation.Written, Question: "归谁",
			Parties: []string{"unit:" + housing, "platform:" + w.Node().Platform}}))(t)
		for unit, want := range map[string]int{housing: 1, urban: 0} {
			if got := must(w.Consultations(ctx, w.clerk(unit), consultation.Open))(t); len(got) != want {
				t.Errorf("%s sees %d consultations, want %d", unit, len(got), want)
			}
			_, err := w.Consultation(ctx, w.clerk(unit), x.ID)
			said := w.GiveOpinion(ctx, w.clerk(unit), x.ID, "unit:"+housing, "测试意见")
			if want == 1 && (err != nil || said != nil) {
				t.Errorf("%s: %v, %v", unit, err, said)
			}
			if want == 0 {
				wantCode(t, "opened by who is no party", err, "consultation_not_found")
				wantCode(t, "spoken to by who is no party", said, "consultation_not_found")
			}
		}
	})
}
