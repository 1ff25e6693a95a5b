package desk_test

import (
	"sync"
	"testing"

	"liandong/internal/casefile"
	"liandong/internal/desk"
	"liandong/internal/hotline"
	"liandong/internal/leg"
)

// Every case has a number of its own, also where many are taken at once and
// where it came from a peer; a list finds it by that.
func TestConcurrentNumbers(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		const clerks, each = 8, 20
		var wg sync.WaitGroup
		numbers := make(chan string, clerks*each)
		for range clerks {
			wg.Go(func() {
				for range each {
					v, _, err := w.Intake(t.Context(), w.lead, intake(plain))
					if err != nil {
						t.Error(err)
						return
					}
					numbers <- v.Number
				}
			})
		}
		for range clerks { // and letters come in meanwhile
			wg.Go(func() {
				for range each {
					w.peerSays("110", leg.TypeOffer, hotline.NewID(), 1, leg.Body{Role: leg.Lead, Class: "A01", Region: chengguan}, leg.Private{Text: plain})
					w.take(plain)
				}
			})
		}
		wg.Wait()
		close(numbers)
		seen := map[string]bool{}
		for n := range numbers {
			if _, ok := casefile.ReadNumber(n); !ok || seen[n] {
				t.Errorf("got number %q, want one of its own", n)
			}
			seen[n] = true
		}
		v, _ := w.offered("110", plain, leg.Body{Class: "A01", Region: chengguan})
		if seen[v.Number] || v.Number == "" {
			t.Errorf("from a peer: got number %q, want one of its own", v.Number)
		}
		list, err := w.Cases(t.Context(), w.lead, desk.Filter{Query: casefile.SayNumber(v.Number)})
		if err != nil || len(list.Cases) != 1 || list.Cases[0].ID != v.ID {
			t.Errorf("by its number: got %d cases, %v, want the one", len(list.Cases), err)
		}
	})
}
