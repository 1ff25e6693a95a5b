package exchange

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"liandong/internal/desk"
	"liandong/internal/exchange/https"
	"liandong/internal/leg"
	"liandong/internal/store"
)

// lively takes a case and sends it, with two more letters of its leg behind the
// offer.
func (s *side) lively(t *testing.T, text string) string {
	t.Helper()
	id := s.send(t, s.take(t, text).ID, desk.Order{To: "110"}).Legs[0].ID
	s.act(t, id, leg.Urge)
	s.act(t, id, leg.Supplement)
	return id
}

// calls counts what a side is told: letters in each call.
func (p *pair) calls() func() []int {
	var mu sync.Mutex
	var n []int
	p.faulty(func(wire []byte) ([]byte, fault) {
		mu.Lock()
		defer mu.Unlock()
		n = append(n, bytes.Count(wire, []byte("\n"))+1)
		return wire, deliver
	})
	return func() []int {
		mu.Lock()
		defer mu.Unlock()
		got := n
		n = nil
		return got
	}
}

func (p *pair) round(from, to *side) {
	p.t.Helper()
	if _, err := from.x.sendDue(p.t.Context(), to.node.Platform, false); err != nil {
		p.t.Fatal(err)
	}
}

// order checks that a side took the letters of a leg one after another.
func (s *side) order(t *testing.T, legID string, want ...string) {
	t.Helper()
	ls, err := s.st.Reader().LettersInOfCase(t.Context(), s.leg(t, legID).CaseID)
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(ls, func(a, b store.LetterIn) int { return a.ReceivedAt.Compare(b.ReceivedAt) })
	var got []string
	for i, l := range ls {
		got = append(got, l.Type)
		if l.Number != int64(i+1) || l.State != store.LetterApplied {
			t.Errorf("letter %d taken: number %d, %s; want them in their order, applied", i+1, l.Number, l.State)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("letters taken: %v, want %v", got, want)
	}
}

// A peer that says it takes several letters in one call gets what waits so, those
// of a leg in their order; one that does not gets each by itself.
func TestSeveralInOneCall(t *testing.T) {
	onBoth(t, func(t *testing.T, p *pair) {
		got := p.calls()
		first := p.a.lively(t, "测试一封一封寄出的诉求")
		for range 3 {
			p.round(p.a, p.b)
		}
		if n := got(); !slices.Equal(n, []int{1, 2}) {
			t.Errorf("calls of %v letters, want one to learn how many go, and then the two that wait", n)
		}
		p.b.order(t, first, leg.TypeOffer, "urge", "supplement")
		var legs []string
		for _, text := range []string{"测试一起寄出的诉求甲", "测试一起寄出的诉求乙", "测试一起寄出的诉求丙"} {
			legs = append(legs, p.a.lively(t, text))
		}
		p.round(p.a, p.b)
		if n := got(); !slices.Equal(n, []int{9}) {
			t.Errorf("calls of %v letters, want one of 9", n)
		}
		for _, id := range legs {
			p.b.order(t, id, leg.TypeOffer, "urge", "supplement")
			if k := p.b.kinds(t, p.b.leg(t, id).CaseID); k["urge"] != 1 || k["supplement"] != 1 || k["receive"] != 1 {
				t.Errorf("events of the holder: %v, want one of each", k)
			}
			if s := p.a.state(t, id); s != leg.Received {
				t.Errorf("the sender's leg is %s, want received: its receipt came along", s)
			}
		}
		if n := p.waiting(); n != 0 {
			t.Errorf("%d letters wait, want none", n)
		}
		p.agree()
	})
}

// One bad letter of many holds up its own leg only, and only until it comes whole.
func TestOneOfManyIsBad(t *testing.T) {
	onBoth(t, func(t *testing.T, p *pair) {
		p.a.lively(t, "测试先行的诉求一二三四")
		p.run()
		bad, good := p.a.lively(t, "测试受损的诉求一二三四"), p.a.lively(t, "测试完好的诉求一二三四")
		ls := p.a.out(t, p.b)
		i := slices.IndexFunc(ls, func(l store.LetterOut) bool { return l.LegID == bad && l.Number == 2 })
		once := true
		p.faulty(func(wire []byte) ([]byte, fault) {
			if at := bytes.Index(wire, []byte(ls[i].ID)); once && at > 0 {
				once = false
				wire = bytes.Clone(wire)
				wire[at] ^= 1 // the id is signed
			}
			return wire, deliver
		})
		p.round(p.a, p.b)
		p.b.order(t, good, leg.TypeOffer, "urge", "supplement")
		if got := p.b.leg(t, bad).InNo; got != 1 {
			t.Errorf("letters of the leg up to %d are applied, want 1", got)
		}
		if n := p.waiting(); n != 1 {
			t.Errorf("%d letters wait, want the one that came broken", n)
		}
		p.run()
		if k := p.b.kinds(t, p.b.leg(t, bad).CaseID); k["urge"] != 1 || k["supplement"] != 1 {
			t.Errorf("events of the holder: %v, want one of each", k)
		}
		p.agree()
	})
}

// A letter that was put off by itself is not overtaken by those behind it.
func TestNoneOvertakes(t *testing.T) {
	p := newPair(t, "sqlite")
	p.a.lively(t, "测试先行的诉求一二三四")
	p.run()
	id := p.a.lively(t, "测试被推迟的诉求一二三四")
	other := p.a.lively(t, "测试不受影响的诉求一二三四")
	for _, l := range p.a.out(t, p.b) {
		if l.LegID == id && l.Number == 1 {
			err := p.a.st.Write(t.Context(), func(tx *store.Tx) error {
				return tx.RetryLetter(t.Context(), l.ID, 1, p.clock.Now().Add(time.Hour), "put off")
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	p.round(p.a, p.b)
	p.b.order(t, other, leg.TypeOffer, "urge", "supplement")
	if n := p.waiting(); n != 3 {
		t.Errorf("%d letters wait, want the three of the leg that was put off", n)
	}
	p.clock.Add(2 * time.Hour)
	p.round(p.a, p.b)
	p.b.order(t, id, leg.TypeOffer, "urge", "supplement")
}

// What is urgent goes first when a peer comes back, whatever waits for it.
func TestUrgentBeforeTheBacklog(t *testing.T) {
	p := newPair(t, "sqlite")
	for range dueMost + 10 {
		p.a.send(t, p.a.take(t, "测试积压的诉求一二三四").ID, desk.Order{To: "110"})
	}
	v := p.a.take(t, "我不想活了，站在楼顶")
	id := p.a.send(t, v.ID, desk.Order{To: "110", Urgent: new(true)}).Legs[0].ID
	if l := p.a.leg(t, id); !l.Urgent {
		t.Fatal("the leg is not urgent")
	}
	if _, err := p.a.x.sendDue(t.Context(), p.b.node.Platform, true); err != nil { // one letter, to a peer that was silent
		t.Fatal(err)
	}
	if got := p.a.state(t, id); got != leg.Received {
		t.Errorf("the urgent leg is %s after the first letter, want received", got)
	}
}

// olderPeer serves a side as one that knows nothing of several letters in a call.
func olderPeer(s *side) (h http.Handler, calls *[]int) {
	calls = new([]int)
	var mu sync.Mutex
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		doc, err := io.ReadAll(r.Body)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		mu.Lock()
		*calls = append(*calls, bytes.Count(doc, []byte("\n"))+1)
		mu.Unlock()
		rec := httptest.NewRecorder()
		s.x.Handler().ServeHTTP(rec, httptest.NewRequest(r.Method, r.URL.Path, bytes.NewReader(doc)))
		w.WriteHeader(rec.Code)
		w.Write(rec.Body.Bytes())
	}), calls
}

// A peer that was put back to an older version gets its letters one by one again,
// and loses none.
func TestOlderPeerAgain(t *testing.T) {
	p := newPair(t, "sqlite")
	p.a.lively(t, "测试先行的诉求一二三四")
	p.run()
	older, calls := olderPeer(p.b)
	p.b.srv.Config.Handler = older
	id := p.a.lively(t, "测试降级之后的诉求一二三四")
	p.run()
	if n := *calls; n[0] != 3 || slices.Max(n[1:]) != 1 {
		t.Errorf("calls of %v letters, want one of 3, and then one by one", n)
	}
	p.b.order(t, id, leg.TypeOffer, "urge", "supplement")
	p.agree()
}

// A peer that says how long it takes nothing is left alone for so long, and so is
// the letter.
func TestRetryAfter(t *testing.T) {
	for _, tc := range []struct {
		status int
		header http.Header
		want   time.Duration
	}{
		{429, http.Header{"Retry-After": {"45"}}, 45 * time.Second},
		{503, http.Header{"Retry-After": {"Wed, 11 Mar 2026 02:01:30 GMT"}, "Date": {"Wed, 11 Mar 2026 02:00:00 GMT"}}, 90 * time.Second},
		{503, http.Header{"Retry-After": {"99999999999999999999"}}, 0},
		{503, http.Header{"Retry-After": {"-4"}}, 0},
		{503, http.Header{}, 0},
		{500, http.Header{"Retry-After": {"45"}}, 0},
	} {
		p := newPair(t, "sqlite")
		asked := 0
		p.b.srv.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			asked++
			for k, v := range tc.header {
				w.Header()[k] = v
			}
			http.Error(w, "not now", tc.status)
		})
		p.a.lively(t, "测试对方繁忙的诉求一二三四")
		before := p.clock.Now()
		went, err := p.a.x.sendDue(t.Context(), p.b.node.Platform, false)
		if err != nil || went.rest != tc.want || !went.answered || asked != 1 {
			t.Errorf("%d %v: rest %v, %d calls, %v; want rest %v after one", tc.status, tc.header, went.rest, asked, err, tc.want)
		}
		next, err := p.a.st.Reader().NextLetterAt(t.Context(), p.b.node.Platform)
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range p.a.out(t, p.b) {
			if l.Number == 1 && l.NextTryAt.Sub(before) < tc.want {
				t.Errorf("%d %v: the letter goes again after %v (any after %v), want %v at least", tc.status, tc.header, l.NextTryAt.Sub(before), next.Sub(before), tc.want)
			}
		}
	}
}

// What is too much for one call is refused as a whole and says the limit.
func TestTooManyInOneCall(t *testing.T) {
	p := newPair(t, "sqlite")
	for what, doc := range map[string]string{
		"letters": strings.Repeat("{}\n", https.AtOnce+1),
		"bytes":   strings.Repeat("x", https.ManySize+1),
	} {
		req := httptest.NewRequest(http.MethodPost, https.LettersPath, strings.NewReader(doc))
		req.Header.Set("Content-Type", https.ManyType)
		rec := httptest.NewRecorder()
		p.b.x.Handler().ServeHTTP(rec, req)
		if rec.Code != http.StatusRequestEntityTooLarge || !strings.Contains(rec.Body.String(), "more than") {
			t.Errorf("too many %s: %d %s, want 413 with the limit", what, rec.Code, rec.Body)
		}
	}
	req := httptest.NewRequest(http.MethodPost, https.LettersPath, strings.NewReader("{}\n\n[1]\n"))
	req.Header.Set("Content-Type", https.ManyType+"; charset=utf-8")
	rec := httptest.NewRecorder()
	p.b.x.Handler().ServeHTTP(rec, req)
	if got := strings.Count(rec.Body.String(), `"status":401`); rec.Code != http.StatusOK || got != 3 {
		t.Errorf("three lines that are no letters: %d %s, want 200 and three lines with 401", rec.Code, rec.Body)
	}
}
