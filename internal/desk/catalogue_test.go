package desk_test

import (
	"encoding/json"
	"testing"
	"time"

	"liandong/internal/calendar"
	"liandong/internal/catalogue"
	"liandong/internal/desk"
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
