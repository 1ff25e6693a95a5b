package assessment

import (
	"bytes"
	"encoding/csv"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"liandong/internal/hotline"
)

func seedScheme(t *testing.T) Scheme {
	t.Helper()
	s, err := SeedScheme()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// rowOf is a row with the figures given, and as many legs in the denominator of
// the return rate.
func rowOf(legs int, cells map[string]Cell) Row {
	r := newRow("a")
	r.Legs = legs
	for i, x := range indicators {
		r.Cells[i] = cells[x.Code]
		if x.Code == Returned {
			r.Cells[i].Den = legs
		}
	}
	return *r
}

// Points worked out by hand with the scheme that the program brings.
func TestScoreByHand(t *testing.T) {
	s := seedScheme(t)
	all := map[string]Cell{SignedOnTime: {95, 100}, HandledOnTime: {99, 100}, Solved: {6, 8}, Satisfied: {9, 10}, ReopenedRate: {1, 10}, Unfounded: {1, 10}}
	got := s.Score(rowOf(100, all))
	want := []int{750, 2500, 1000, 1333, 0, 500} // (95-90)/(100-90)·15, all of 25, (75-60)/(90-60)·20, (90-80)/(95-80)·20, none of 10, half of 10
	for i, p := range got.Parts {
		if p.Points != want[i] || p.Share != p.Weight*100 {
			t.Errorf("%s: got %d of %d, want %d of %d", p.Indicator, p.Points, p.Share, want[i], p.Weight*100)
		}
	}
	if got.Points != 6083 || got.Why != "" || got.Legs != 100 {
		t.Errorf("got %+v, want 60.83 points of 100 legs", got)
	}

	delete(all, Solved)
	delete(all, Satisfied)
	got = s.Score(rowOf(100, all)) // 60 points of weight are left: 15, 25, 10, 10
	for i, share := range []int{2500, 4167, 0, 0, 1667, 1666} {
		if got.Parts[i].Share != share {
			t.Errorf("%s without two measures: got %d, want %d", got.Parts[i].Indicator, got.Parts[i].Share, share)
		}
	}
	if got.Points != 1250+4167+0+833 {
		t.Errorf("without two measures: got %d, want 6250", got.Points)
	}

	if got := s.Score(rowOf(s.Least-1, all)); got.Why != TooFewLegs || got.Points != 0 || got.Parts[0].Cell != (Cell{95, 100}) {
		t.Errorf("one leg too few: got %+v, want no score, and its figures", got)
	}
	if got := s.Score(rowOf(s.Least, all)); got.Why != "" {
		t.Errorf("just enough legs: got %q, want a score", got.Why)
	}
	if got := s.Score(rowOf(50, nil)); got.Why != NothingCounted || got.Points != 0 {
		t.Errorf("nothing is counted: got %+v, want no score", got)
	}
	if got := s.Score(Row{Key: "a"}); got.Why != TooFewLegs {
		t.Errorf("an empty row: got %+v, want no score", got)
	}
}

// The ends of a measure: at a threshold and beyond it.
func TestThresholds(t *testing.T) {
	good, bad := Part{Measure: Measure{Full: 990, Zero: 850}, Share: 2500}, Part{Measure: Measure{Full: 10, Zero: 100}, Share: 1000}
	for _, tc := range []struct {
		p        Part
		num, den int
		want     int
	}{
		{good, 99, 100, 2500}, {good, 100, 100, 2500}, {good, 85, 100, 0}, {good, 0, 100, 0}, {good, 92, 100, 1250}, {good, 0, 0, 0},
		{bad, 1, 100, 1000}, {bad, 0, 100, 1000}, {bad, 10, 100, 0}, {bad, 100, 100, 0}, {bad, 55, 1000, 500},
	} {
		tc.p.Cell = Cell{tc.num, tc.den}
		if got := tc.p.points(); got != tc.want {
			t.Errorf("%d of %d, full %d, zero %d: got %d, want %d", tc.num, tc.den, tc.p.Full, tc.p.Zero, got, tc.want)
		}
	}
}

// Any scheme and any figures: the shares are 100 points or none, the parts add
// up to the score, nothing is below 0 or above its share, what has no
// denominator has no share, and a better figure never costs points.
func TestScoreProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := someScheme(t)
		if err := s.Validate(); err != nil {
			t.Fatalf("%+v: %v", s, err)
		}
		cells := map[string]Cell{}
		for _, m := range s.Measures {
			den := rapid.IntRange(0, 2000).Draw(t, "den")
			cells[m.Indicator] = Cell{rapid.IntRange(0, den).Draw(t, "num"), den}
		}
		got := s.Score(rowOf(s.Least, cells))
		shares, points, counted := 0, 0, false
		for _, p := range got.Parts {
			shares, points, counted = shares+p.Share, points+p.Points, counted || p.Den > 0
			if p.Points < 0 || p.Points > p.Share || p.Den == 0 && p.Share > 0 || p.Den > 0 && p.Share < p.Weight*100 {
				t.Fatalf("got part %+v", p)
			}
		}
		if counted && shares != 10000 || !counted && (shares != 0 || got.Why != NothingCounted) || points != got.Points {
			t.Fatalf("got shares %d, points %d of %+v", shares, points, got)
		}
		m := rapid.SampledFrom(s.Measures).Draw(t, "better")
		x, _ := Find(m.Indicator)
		c := cells[m.Indicator]
		switch {
		case x.Good && c.Num < c.Den:
			c.Num++
		case !x.Good && c.Num > 0:
			c.Num--
		}
		cells[m.Indicator] = c
		if better := s.Score(rowOf(s.Least, cells)); better.Points < got.Points {
			t.Fatalf("%s is better: got %d points, had %d", m.Indicator, better.Points, got.Points)
		}
	})
}

// someScheme is any scheme that may be.
func someScheme(t *rapid.T) Scheme {
	s := Scheme{From: "2026-03", Least: rapid.IntRange(1, 50).Draw(t, "least")}
	used := rapid.SliceOfNDistinct(rapid.SampledFrom(Measurable()), 1, 9, func(i Indicator) string { return i.Code }).Draw(t, "used")
	left := WeightSum
	for i, x := range used {
		w := left
		if i < len(used)-1 {
			w = rapid.IntRange(1, left-(len(used)-1-i)).Draw(t, "weight")
		}
		left -= w
		zero := rapid.IntRange(0, 999).Draw(t, "zero")
		m := Measure{Indicator: x.Code, Weight: w, Zero: zero, Full: rapid.IntRange(zero+1, 1000).Draw(t, "full")}
		if !x.Good {
			m.Full, m.Zero = m.Zero, m.Full
		}
		s.Measures = append(s.Measures, m)
	}
	return s
}

func TestValidate(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*Scheme)
		want   []string
	}{
		"as it is":             {func(*Scheme) {}, nil},
		"no month":             {func(s *Scheme) { s.From = "March" }, []string{"period_invalid"}},
		"no least":             {func(s *Scheme) { s.Least = 0 }, []string{"scheme_least"}},
		"nothing":              {func(s *Scheme) { s.Measures = nil }, []string{"scheme_empty"}},
		"99 points":            {func(s *Scheme) { s.Measures[0].Weight-- }, []string{"scheme_sum"}},
		"unknown":              {func(s *Scheme) { s.Measures[0].Indicator = "whim" }, []string{"indicator_unknown", "scheme_sum"}},
		"of transfers":         {func(s *Scheme) { s.Measures[5].Indicator = Misdirected }, []string{"scheme_transfers"}},
		"twice":                {func(s *Scheme) { s.Measures[0].Indicator = Solved }, []string{"scheme_twice"}},
		"no weight":            {func(s *Scheme) { s.Measures[0].Weight, s.Measures[1].Weight = 0, 40 }, []string{"scheme_weight"}},
		"equal thresholds":     {func(s *Scheme) { s.Measures[0].Full = s.Measures[0].Zero }, []string{"scheme_equal"}},
		"above 100 %":          {func(s *Scheme) { s.Measures[0].Full = 1001 }, []string{"scheme_threshold"}},
		"high is good":         {func(s *Scheme) { s.Measures[0].Full, s.Measures[0].Zero = 900, 1000 }, []string{"scheme_higher"}},
		"low is good":          {func(s *Scheme) { s.Measures[5].Full, s.Measures[5].Zero = 200, 0 }, []string{"scheme_lower"}},
		"several are all told": {func(s *Scheme) { s.Least, s.Measures[0].Weight, s.Measures[1].Full = -1, 14, 850 }, []string{"scheme_least", "scheme_equal", "scheme_sum"}},
	} {
		s := seedScheme(t)
		tc.change(&s)
		var got []string
		if err := s.Validate(); err != nil {
			for _, e := range err.(interface{ Unwrap() []error }).Unwrap() {
				got = append(got, hotline.CodeOf(e))
			}
		}
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// A scheme is the same after it was written and read; what cannot be read is
// named by its line.
func TestReadScheme(t *testing.T) {
	s := seedScheme(t)
	var b bytes.Buffer
	if err := csv.NewWriter(&b).WriteAll(s.Table()); err != nil {
		t.Fatal(err)
	}
	got, err := ReadScheme(strings.NewReader("\uFEFF" + b.String()))
	got.Version, got.From = s.Version, s.From
	if diff := cmp.Diff(s, got); err != nil || diff != "" {
		t.Errorf("written and read (error %v, -want +got):\n%s", err, diff)
	}
	const head = "what,number,full,zero,source\n"
	for text, want := range map[string][]any{
		"":                         {"scheme_head", "what,number,full,zero,source"},
		"indicator,weight\n":       {"scheme_head", "what,number,full,zero,source"},
		head + "solved,x,90,60,\n": {"scheme_line", 2, "x"},
		head + "# remark\nsolved,20,ninety,60,\n": {"scheme_line", 3, "ninety"},
		head + "solved,20,90.55,60,\n":            {"scheme_line", 2, "90.55"},
		head + "solved,20,NaN,60,\n":              {"scheme_line", 2, "NaN"},
		head + "solved,20\n":                      {"scheme_line", 2, "solved,20"},
		head + "least_legs,ten,,,\n":              {"scheme_line", 2, "ten"},
		head + "solved,\"20,90,60,\n":             {"scheme_line", 2, ""},
	} {
		_, err := ReadScheme(strings.NewReader(text))
		var e *hotline.Error
		if err != nil {
			e, _ = err.(*hotline.Error)
		}
		if e == nil || e.Code != want[0] || !slices.Equal(e.Args, want[1:]) {
			t.Errorf("%q: got %v, want %v", text, err, want)
		}
	}
}
