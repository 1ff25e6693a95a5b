package calendar

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestSeed(t *testing.T) {
	c := seeded(t)
	if first, last := c.Years(); first != 2024 || last != 2026 {
		t.Errorf("years: got %d to %d, want 2024 to 2026", first, last)
	}
	if got := c.PerDay(at(t, "2026-11-23 10:00"), ""); got != 6*time.Hour {
		t.Errorf("a working day: got %v, want 6h", got)
	}
	// Working days of a year are known figures: days less weekends less days off on weekdays plus make-up days.
	for year, want := range map[int]int{2024: 251, 2025: 248, 2026: 248} {
		got := c.WorkingDays(time.Date(year-1, 12, 31, 12, 0, 0, 0, Zone), time.Date(year, 12, 31, 12, 0, 0, 0, Zone), "")
		if got != want {
			t.Errorf("working days of %d: got %d, want %d", year, got, want)
		}
	}
	for day, want := range map[string]Why{
		"2026-02-14": MakeUp, "2026-02-15": Holiday, "2026-02-17": Holiday, "2026-02-24": Working, "2026-11-21": Weekend, "2027-02-06": Weekend,
	} {
		got, name := c.Day(at(t, day+" 00:00"), "540102")
		if got != want || (name != "") != (want == MakeUp || want == Holiday) {
			t.Errorf("%s: got %s %q, want %s", day, got, name, want)
		}
		if works := c.WorkingDay(at(t, day+" 23:59"), ""); works != (want == Working || want == MakeUp) {
			t.Errorf("%s: works %v, though %s", day, works, want)
		}
	}
}

func TestAccountOfSpringFestival(t *testing.T) {
	d, err := seeded(t).Explain(at(t, "2026-02-13 10:00"), budget(t, "2wd"), "")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range d.Account {
		mark := "-"
		if s.Counted {
			mark = "+"
		}
		got = append(got, mark+s.From.Format("0102 15:04")+s.To.Format(" 0102 15:04 ")+string(s.Why)+s.Name)
	}
	want := []string{"-0213 10:00 0214 00:00 day_of_sending", "+0214 00:00 0215 00:00 make_up春节"}
	for n := 15; n <= 23; n++ {
		from := time.Date(2026, 2, n, 0, 0, 0, 0, Zone)
		want = append(want, "-"+from.Format("0102 15:04")+from.AddDate(0, 0, 1).Format(" 0102 15:04 ")+"holiday春节")
	}
	want = append(want, "+0224 00:00 0224 18:00 working")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestAccountOfHours(t *testing.T) {
	d, err := seeded(t).Explain(at(t, "2026-11-20 12:30"), budget(t, "4wh"), "")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range d.Account {
		got = append(got, s.From.Format("02 15:04")+s.To.Format("-02 15:04 ")+string(s.Why))
	}
	want := []string{"20 12:30-20 13:00 working", "20 13:00-20 15:30 outside_hours", "20 15:30-20 18:00 working", "20 18:00-21 00:00 outside_hours",
		"21 00:00-22 00:00 weekend", "22 00:00-23 00:00 weekend", "23 00:00-23 09:30 outside_hours", "23 09:30-23 10:30 working"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// Each region adds to what the one above it has.
func TestRegions(t *testing.T) {
	c, err := Parse(fstest.MapFS{
		"cn.csv": {Data: []byte(`date,kind,name,region
2026-01-01,off,元旦,
2026-02-18,off,藏历新年,540000
2026-08-12,off,雪顿节,540100
2026-02-18,work,留守,540124
`)},
		"windows.csv": {Data: []byte("region,from,to\n,15:30,18:00\n,09:30,13:00\n542500,10:00,14:00\n542500,16:00,19:00\n")},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		day, region string
		works       bool
	}{
		{"2026-02-18", "", true}, {"2026-02-18", "110000", true}, {"2026-02-18", "540000", false}, {"2026-02-18", "540102", false},
		{"2026-02-18", "540102001", false}, {"2026-02-18", "540124", true}, {"2026-02-18", "542521", false},
		{"2026-08-12", "540000", true}, {"2026-08-12", "540100", false}, {"2026-08-12", "540102", false}, {"2026-08-12", "540200", true},
		{"2026-01-01", "540102", false},
	} {
		if got := c.WorkingDay(at(t, tc.day+" 12:00"), tc.region); got != tc.works {
			t.Errorf("%s in %q: got %v, want %v", tc.day, tc.region, got, tc.works)
		}
	}
	for region, want := range map[string]string{"": "18:00", "540102": "18:00", "542500": "19:00", "542521": "19:00", "no code": "18:00"} {
		d, err := c.Due(at(t, "2026-11-23 10:00"), budget(t, "1wd"), region)
		if err != nil || d.Due.Format("15:04") != want {
			t.Errorf("end of day in %q: got %v, %v, want %s", region, d.Due, err, want)
		}
	}
}

func TestParseFaults(t *testing.T) {
	const days, windows = "date,kind,name,region\n2026-01-01,off,元旦,\n", "region,from,to\n,09:30,13:00\n"
	for _, tc := range []struct {
		what, days, windows string
		want                []string
	}{
		{"no date", days + "2026-02-30,off,春节,\n", windows, []string{"cn.csv:3: \"2026-02-30\" is no date"}},
		{"wrong kind", days + "2026-02-03,holiday,春节,\n", windows, []string{"cn.csv:3: kind \"holiday\""}},
		{"no name", days + "2026-02-03,off,,\n", windows, []string{"cn.csv:3: the day has no name"}},
		{"twice", days + "2026-01-01,off,元旦,\n", windows, []string{"cn.csv:3: 2026-01-01 stands already at cn.csv:2"}},
		{"make-up on a Tuesday", days + "2026-02-03,work,春节,\n", windows, []string{"cn.csv:3: 2026-02-03 is a Tuesday"}},
		{"bad region", days + "2026-02-03,off,春节,54\n", windows, []string{"cn.csv:3: \"54\" is no region code"}},
		{"year left out", days + "2028-01-01,off,元旦,\n", windows, []string{"no day off in 2027"}},
		{"year of a region alone", days + "2027-02-07,off,藏历新年,540000\n", windows, []string{"cn.csv:3: the country's days off for 2027 are missing"}},
		{"absurd year", days + "1026-02-03,off,春节,\n", windows, []string{"cn.csv:3: 1026"}},
		{"too few fields", days + "2026-02-03,off\n", windows, []string{"cn.csv:3: 2 fields"}},
		{"no rows", "date,kind,name,region\n", windows, []string{"cn.csv:1: no day off"}},
		{"wrong column", "day,kind,name,region\n", windows, []string{"cn.csv:1"}},
		{"bad time", days, windows + ",9:30,13:00\n", []string{"windows.csv:3: \"9:30\" is no time of day"}},
		{"past midnight", days, windows + ",15:00,24:01\n", []string{"windows.csv:3: \"24:01\""}},
		{"backwards", days, windows + ",18:00,15:30\n", []string{"windows.csv:3: the window ends at 15:30"}},
		{"overlap", days, windows + ",12:59,14:00\n", []string{"windows.csv:3: overlaps the window at windows.csv:2"}},
		{"none for the country", days, "region,from,to\n540000,09:30,13:00\n", []string{"windows.csv:1: no window"}},
		{"all at once", days + "x,off,a,\ny,z,,\n", windows + ",a,b\n", []string{"cn.csv:3", "cn.csv:4", "neither off nor work", "has no name", "windows.csv:3: \"a\"", "windows.csv:3: \"b\""}},
	} {
		c, err := Parse(fstest.MapFS{"cn.csv": {Data: []byte(tc.days)}, "windows.csv": {Data: []byte(tc.windows)}})
		if err == nil {
			t.Errorf("%s: got %v, want an error", tc.what, c)
			continue
		}
		for _, want := range tc.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: got %q, want it to say %q", tc.what, err, want)
			}
		}
	}
	if _, err := Parse(fstest.MapFS{}); err == nil || !strings.Contains(err.Error(), "cn.csv") || !strings.Contains(err.Error(), "windows.csv") {
		t.Errorf("no files: got %v, want both named", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add("2026-01-01,off,元旦,\n", ",09:30,13:00\n")
	f.Add("2026-01-01,work,,540000\n", ",24:00,00:00\n")
	f.Add("0000-00-00,off,x,\n", "540000,-1:-1,99:99\n")
	f.Fuzz(func(t *testing.T, days, windows string) {
		c, err := Parse(fstest.MapFS{
			"cn.csv":      {Data: []byte("date,kind,name,region\n" + days)},
			"windows.csv": {Data: []byte("region,from,to\n" + windows)},
		})
		if err != nil {
			return
		}
		for _, region := range slices.Concat(regions, []string{"x"}) {
			d, err := c.Explain(at(t, "2026-11-23 10:00"), Budget{n: 3, unit: WorkingDays}, region)
			if err != nil || !d.Due.After(at(t, "2026-11-23 10:00")) {
				t.Errorf("got %v, %v", d, err)
			}
		}
	})
}

const year2027 = `date,kind,name,region
2027-01-01,off,元旦,
2027-02-05,off,春节,
2027-02-06,off,春节,
2027-02-20,work,春节,
2027-04-05,off,清明节,
2027-05-03,off,劳动节,
2027-06-09,off,端午节,
2027-09-15,off,中秋节,
2027-10-01,off,国庆节,
2027-08-02,off,雪顿节,540100
2026-10-01,off,国庆节,
`

// The next year comes by a file beside what is shipped; what is shipped later
// too is no fault.
func TestSeedWith(t *testing.T) {
	c, err := SeedWith(fstest.MapFS{"2027.csv": {Data: []byte(year2027)}}, "2027.csv")
	if err != nil {
		t.Fatal(err)
	}
	if first, last := c.Years(); first != 2024 || last != 2027 {
		t.Errorf("years %d to %d", first, last)
	}
	for day, works := range map[string]bool{"2027-02-05": false, "2027-02-20": true, "2027-02-21": false, "2027-08-02": true, "2026-10-01": false} {
		if got := c.WorkingDay(at(t, day+" 12:00"), ""); got != works {
			t.Errorf("%s: got %v, want %v", day, got, works)
		}
	}
	if c.WorkingDay(at(t, "2027-08-02 12:00"), "540102") {
		t.Error("a region's own day is worked")
	}
	d, err := c.Due(at(t, "2026-12-30 10:00"), budget(t, "5wd"), "")
	if err != nil || d.Provisional {
		t.Errorf("a deadline into the year is provisional: %+v, %v", d, err)
	}
	for what, tc := range map[string]struct{ file, want string }{
		"a year left out":     {strings.ReplaceAll(year2027, "2027-", "2028-"), "no day off in 2027"},
		"half a year":         {strings.ReplaceAll(year2027, "国庆节", "某节"), "2027 has no day off for 国庆: a gap"},
		"it says otherwise":   {year2027 + "2026-10-02,work,国庆节,\n", "more.csv:13"},
		"the same day twice":  {year2027 + "2027-10-01,off,国庆节,\n", "stands already at more.csv:10"},
		"no table at all":     {"假日,2027\n", "more.csv:1"},
		"make-up on a Monday": {year2027 + "2027-02-22,work,春节,\n", "2027-02-22 is a Monday"},
	} {
		if _, err := SeedWith(fstest.MapFS{"more.csv": {Data: []byte(tc.file)}}, "more.csv"); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: got %v, want it to say %q", what, err, tc.want)
		}
	}
	if _, err := SeedWith(fstest.MapFS{}, "gone.csv"); err == nil || !strings.Contains(err.Error(), "gone.csv") {
		t.Errorf("a file that is gone: %v", err)
	}
}

func TestRunsOut(t *testing.T) {
	c := seeded(t)
	for now, want := range map[string]bool{"2026-10-31 12:00": false, "2026-11-01 12:00": true, "2026-12-31 12:00": true, "2027-03-01 12:00": true} {
		if end, soon := c.RunsOut(at(t, now)); soon != want || !end.Equal(at(t, "2027-01-01 00:00")) {
			t.Errorf("at %s: got %v, %v, want %v", now, end, soon, want)
		}
	}
}
