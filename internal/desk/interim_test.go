package desk_test

import (
	"testing"

	"liandong/internal/consultation"
	"liandong/internal/desk"
	"liandong/internal/hotline"
	"liandong/internal/leg"
	"liandong/internal/store"
)

// A consultation names who keeps the case meanwhile: whoever keeps it now, and
// this platform where the case names nobody.
func TestInterimOfAConsultation(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx, secretary := t.Context(), w.actor(hotline.Secretary, "", "")
		for kept, want := range map[string]string{"540000-110": "540000-110", "": w.Node().Platform} {
			c, _ := w.sent(desk.Order{To: "unit:" + housing, Ask: "请办理", Role: leg.Lead})
			err := w.st.Write(ctx, func(tx *store.Tx) error {
				row, err := tx.Case(ctx, c.ID)
				if err != nil {
					return err
				}
				row.Interim = kept
				return tx.SaveCase(ctx, &row)
			})
			if err != nil {
				t.Fatal(err)
			}
			x, err := w.OpenConsultation(ctx, secretary, desk.NewConsultation{CaseID: c.ID, Cause: consultation.ByHand, Form: consultation.Written,
				Question: "井盖归谁", Parties: []string{"unit:" + housing, "unit:" + urban}})
			if err != nil || x.Interim != want {
				t.Errorf("case kept by %q: got %q, %v, want %q", kept, x.Interim, err, want)
			}
		}
	})
}
