package desk_test

import (
	"encoding/json"
	"testing"
	"time"

	"liandong/internal/calendar"
	"liandong/internal/catalogue"
	"liandong/internal/desk"
	"liandong/internal/hotline"
	"liandong/internal/store"
)

// A version of the catalogue counts from its day, in every process, without a
// restart; a version whose day has not come does not.
func TestCatalogueOfItsDay(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		next, err := catalogue.Seed()
		if err != nil {
			t.Fatal(err)
		}
		day := w.Now().Add(48 * time.Hour).In(calendar.Zone).Format(time.DateOnly)
		next.Version, next.EffectiveFrom = "test-2", day
		content, err := json.Marshal(next)
		if err != nil {
			t.Fatal(err)
		}
		err = w.st.Write(ctx, func(tx *store.Tx) error {
			return tx.AddDocument(ctx, store.Document{Kind: desk.CatalogueKind, Version: next.Version, EffectiveFrom: day, Content: string(content), LoadedAt: w.Now()})
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, step := range []struct {
			after time.Duration
			want  string
		}{{0, catalogue.SeedVersion}, {72 * time.Hour, "test-2"}} {
			w.clock.Add(step.after)
			if err := w.RefreshCatalogue(ctx); err != nil {
				t.Fatal(err)
			}
			if got := w.Catalogue().Version; got != step.want {
				t.Errorf("after %v: got version %s, want %s", step.after, got, step.want)
			}
		}
	})
}

// A draft is changed, tried on past cases and published; from then on cases go
// where it says. Going back is a draft of the old version.
func TestDraftToForce(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx, editor := t.Context(), w.actor(hotline.Editor, "", "")
		w.seedDocuments()
		in := w.take("城关区北京中路的路灯坏了三天了")
		base := w.Catalogue().Version
		x := must(w.NewDraft(ctx, editor, "路灯改由供电负责", base))(t)

		release := desk.Release{Version: "test-2", From: w.Now().In(calendar.Zone).Format(time.DateOnly), Basis: "测试会议纪要1号"}
		wantCode(t, "draft_unchanged", w.Publish(ctx, editor, x.ID, 1, release), "draft_unchanged")
		put := func(lead string) func(*catalogue.Catalogue) error {
			return func(c *catalogue.Catalogue) error {
				lamp, _ := c.Item("A01.01")
				lamp.Lead, lamp.Joint = lead, nil
				c.PutItem(lamp)
				return nil
			}
		}
		if err := w.EditDraft(ctx, editor, x.ID, 1, put("nobody")); err != nil {
			t.Fatal(err)
		}
		wantCode(t, "row_lead_unknown", w.Publish(ctx, editor, x.ID, 2, release), "row_lead_unknown")
		wantCode(t, "version_wrong", w.EditDraft(ctx, editor, x.ID, 1, put("power")), "version_wrong")
		if err := w.EditDraft(ctx, editor, x.ID, 2, put("power")); err != nil {
			t.Fatal(err)
		}
		wantCode(t, "draft_untried", w.Publish(ctx, editor, x.ID, 3, release), "draft_untried")
		if err := w.TryDraft(ctx, editor, x.ID, 3); err != nil {
			t.Fatal(err)
		}
		v := must(w.Draft(ctx, editor, x.ID))(t)
		if v.Trial == nil || v.Trial.Cases != 1 || v.Trial.Turned != 1 || v.Trial.Rows[0].CaseID != in.ID || v.Trial.Rows[0].Unit != "540102-power" && v.Trial.Rows[0].Unit != "540100-power" {
			t.Fatalf("got trial %+v, want the case to go to the power company", v.Trial)
		}
		yesterday := release
		yesterday.From = w.Now().Add(-24 * time.Hour).In(calendar.Zone).Format(time.DateOnly)
		wantCode(t, "day_past", w.Publish(ctx, editor, x.ID, 4, yesterday), "day_past")
		wantCode(t, "version_taken", w.Publish(ctx, editor, x.ID, 4, desk.Release{Version: base, From: release.From, Basis: "x"}), "version_taken")
		if err := w.Publish(ctx, editor, x.ID, 4, release); err != nil {
			t.Fatal(err)
		}
		if u, _, _ := w.Route("A01.01", "A01", "540102"); w.Catalogue().Version != "test-2" || u.Kind != "power" {
			t.Errorf("got %s and %s, want test-2 and the power company", w.Catalogue().Version, u.Code)
		}
		wantCode(t, "draft_not_found", second(w.Draft(ctx, editor, x.ID)), "draft_not_found")

		back := must(w.NewDraft(ctx, editor, "恢复", base))(t)
		if err := w.TryDraft(ctx, editor, back.ID, 1); err != nil {
			t.Fatal(err)
		}
		if err := w.Publish(ctx, editor, back.ID, 2, desk.Release{Version: "test-3", From: release.From, Basis: "测试会议纪要2号"}); err != nil {
			t.Fatal(err)
		}
		if u, _, _ := w.Route("A01.01", "A01", "540102"); u.Kind == "power" {
			t.Errorf("got %s, want what it was before", u.Code)
		}
		wantCode(t, "denied", second(w.NewDraft(ctx, w.actor(hotline.Operator, "", ""), "x", base)), "denied")
	})
}

// seedDocuments writes the catalogue and the directory as a new node does.
func (w *world) seedDocuments() {
	w.t.Helper()
	if _, _, err := desk.Seed(w.t.Context(), w.st, w.Catalogue(), w.Directory(), w.Now()); err != nil {
		w.t.Fatal(err)
	}
}
