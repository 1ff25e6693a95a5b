package desk_test

import (
	"slices"
	"testing"
	"time"

	"liandong/internal/calendar"
	"liandong/internal/catalogue"
	"liandong/internal/desk"
	"liandong/internal/hotline"
	"liandong/internal/leg"
)

// released publishes a version in which street lights are another department's.
func (w *world) released(t *testing.T, version, lead, from string) {
	t.Helper()
	ctx, editor := t.Context(), w.actor(hotline.Editor, "", "")
	x := must(w.NewDraft(ctx, editor, "测试改派", w.Catalogue().Version))(t)
	err := w.EditDraft(ctx, editor, x.ID, 1, func(c *catalogue.Catalogue) error {
		lamp, _ := c.Item("A01.01")
		lamp.Lead, lamp.Joint = lead, nil
		c.PutItem(lamp)
		return nil
	})
	if err == nil {
		err = w.TryDraft(ctx, editor, x.ID, 2)
	}
	if err == nil {
		err = w.Publish(ctx, editor, x.ID, 3, desk.Release{Version: version, From: from, Basis: "测试会议纪要"})
	}
	if err != nil {
		t.Fatal(err)
	}
}

// A published version tells the desks, and its trial's open cases are moved by a
// person: at once where nobody took them up, else when their unit gave them back.
func TestOpenCasesAreMoved(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx, editor := t.Context(), w.actor(hotline.Editor, "", "")
		w.seedDocuments()
		if news, err := w.CatalogueNews(ctx, w.lead); err != nil || news != nil {
			t.Errorf("before: told of %+v, %v", news, err)
		}
		lamp := func(text string) desk.CaseView {
			return w.take(text, func(in *desk.In) { in.Category, in.Item = "A01", "A01.01" })
		}
		order := desk.Order{To: "unit:" + urban, Ask: "请办理", Role: leg.Lead}
		blank, sent, taken, done := lamp("城关区北京中路的路灯坏了三天了"), lamp("城关区江苏路的路灯坏了三天了"), lamp("城关区林廓路的路灯坏了三天了"), lamp("城关区夺底路的路灯坏了三天了")
		sent, taken, done = w.send(sent.ID, order), w.send(taken.ID, order), w.send(done.ID, order)
		w.act(w.clerk(urban), taken.Legs[0].ID, leg.Accept)
		today := w.Now().In(calendar.Zone).Format(time.DateOnly)
		w.released(t, "test-2", "housing", today)

		news, err := w.CatalogueNews(ctx, w.lead)
		if err != nil || news == nil || news.Version != "test-2" {
			t.Fatalf("the desk is told of %+v, %v, want test-2", news, err)
		}
		if news, err := w.CatalogueNews(ctx, w.clerk(urban)); err != nil || news != nil {
			t.Errorf("a unit is told of %+v, %v", news, err)
		}
		moves := must(w.CatalogueMoves(ctx, w.lead, "test-2"))(t)
		held := map[string]bool{}
		for _, m := range moves {
			if m.To != housing {
				t.Errorf("%s goes to %s, want %s", m.View.ID, m.To, housing)
			}
			held[m.View.ID] = m.Held
		}
		if len(moves) != 4 || held[sent.ID] || !held[taken.ID] {
			t.Fatalf("got %d moves, held %v, want four, and that which was accepted held", len(moves), held)
		}
		wantCode(t, "by an editor", second(w.MoveCase(ctx, editor, "test-2", sent.ID, nil)), "denied")
		for _, c := range []desk.CaseView{blank, sent} {
			v := w.see(c.ID).Version
			wrong := v + 1
			wantCode(t, "of another version", second(w.MoveCase(ctx, w.lead, "test-2", c.ID, &wrong)), "version_wrong")
			if moved := must(w.MoveCase(ctx, w.lead, "test-2", c.ID, &v))(t); !moved {
				t.Errorf("%s was not moved", c.ID)
			}
			after := w.see(c.ID)
			last := after.Legs[len(after.Legs)-1]
			if last.Unit != housing || last.State != leg.Received || len(after.Legs) == 2 && after.Legs[0].State != leg.Withdrawn {
				t.Errorf("after the move: %+v", after.Legs)
			}
			if !slices.ContainsFunc(must(w.Events(ctx, w.lead, c.ID, "", 100))(t), func(e desk.EventView) bool { return e.Kind == "moved_by_catalogue" && e.Of("version") == "test-2" }) {
				t.Errorf("%s does not say by which version it was moved", c.ID)
			}
			wantCode(t, "a second time", second(w.MoveCase(ctx, w.lead, "test-2", c.ID, nil)), "leg_twice")
		}
		if moved := must(w.MoveCase(ctx, w.lead, "test-2", taken.ID, nil))(t); moved {
			t.Error("what was accepted was moved without its unit")
		}
		w.act(w.clerk(urban), taken.Legs[0].ID, leg.Grant)
		if moved := must(w.MoveCase(ctx, w.lead, "test-2", taken.ID, nil))(t); !moved {
			t.Error("given back, it was not moved")
		}
		if moves := must(w.CatalogueMoves(ctx, w.lead, "test-2"))(t); len(moves) != 1 || moves[0].View.ID != done.ID {
			t.Errorf("%d are left, want the one that nobody moved", len(moves))
		}
		other := w.take("西藏拉萨某处的噪音扰民三天了")
		wantCode(t, "a case that it does not touch", second(w.MoveCase(ctx, w.lead, "test-2", other.ID, nil)), "move_nowhere")

		w.released(t, "test-3", "power", today)
		wantCode(t, "by one that was replaced", second(w.MoveCase(ctx, w.lead, "test-2", done.ID, nil)), "move_not_in_force")
		if moves := must(w.CatalogueMoves(ctx, w.lead, "test-2"))(t); len(moves) != 0 {
			t.Errorf("one that was replaced still moves %d", len(moves))
		}
		w.clock.Add(5 * 24 * time.Hour)
		if news, err := w.CatalogueNews(ctx, w.lead); err != nil || news != nil {
			t.Errorf("five days later: told of %+v, %v", news, err)
		}
	})
}
