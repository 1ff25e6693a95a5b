package desk_test

import (
	"testing"

	"liandong/internal/hotline"
	"liandong/internal/store"
)

// What comes from unknown senders is shown apart from every link, to whoever
// may see links; what calls itself urgent is counted until somebody saw it.
func TestStrangers(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		w.link("110")
		peer := must(w.Links(ctx, w.lead))(t)[0].Peer
		for _, f := range []store.Refusal{
			{Door: "letter", Code: "signature_wrong", Letter: "a"},
			{Door: "letter", Code: "signature_wrong", Letter: "b", Urgent: true},
			{Door: "letter", Code: "signature_wrong", Letter: "c", Urgent: true, Peer: peer},
		} {
			if err := w.Refused(ctx, f); err != nil {
				t.Fatal(err)
			}
		}
		if l := must(w.Links(ctx, w.lead))(t)[0].Refusals; len(l) != 1 || l[0].Letter != "c" {
			t.Errorf("at the link: got %+v, want c", l)
		}
		got := must(w.Strangers(ctx, w.lead))(t)
		if len(got) != 2 || got[0].Letter != "b" || got[1].Letter != "a" {
			t.Fatalf("unknown senders: got %+v, want b and a", got)
		}
		if n := must(w.Overview(ctx, w.lead))(t).Strangers; n != 1 {
			t.Errorf("overview: got %d urgent ones of unknown senders, want 1", n)
		}
		if err := w.SeeRefusal(ctx, w.lead, got[0].ID); err != nil {
			t.Fatal(err)
		}
		if n := must(w.Overview(ctx, w.lead))(t).Strangers; n != 0 {
			t.Errorf("overview after it was seen: got %d, want 0", n)
		}
		_, err := w.Strangers(ctx, w.actor(hotline.Operator, "", ""))
		wantCode(t, "an operator", err, "denied")
	})
}
