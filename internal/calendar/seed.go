package calendar

import (
	"cmp"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"liandong/internal/catalogue/seedfile"
)

//go:embed seed/*.csv
var seed embed.FS

// Seed is the calendar that the product ships: the country's days off for 2024
// to 2026 and the office hours of contract.md.
func Seed() (*Calendar, error) {
	files, err := fs.Sub(seed, "seed")
	if err != nil {
		return nil, fmt.Errorf("open the calendar's seed: %w", err)
	}
	return Parse(files)
}

// SeedWith is Seed with the rows of a file of days beside it, in the form of
// cn.csv: the next year's days off before the program ships them, or a region's
// own. A row that the seed has too is no fault, one that says otherwise is.
func SeedWith(files fs.FS, name string) (*Calendar, error) {
	shipped, err := fs.Sub(seed, "seed")
	if err != nil {
		return nil, fmt.Errorf("open the calendar's seed: %w", err)
	}
	more, err := seedfile.Read(files, name, dayColumns...)
	if err != nil {
		return nil, err
	}
	c, err := parse(shipped, more)
	if err != nil {
		return nil, err
	}
	known, err := Parse(shipped)
	if err != nil {
		return nil, err
	}
	return c, wholeYears(more, known.last)
}

// festivals are what every year has off, as their names hold it.
var festivals = []string{"元旦", "春节", "清明", "劳动", "端午", "中秋", "国庆"}

// wholeYears: a year of which only the beginning was written down would count
// as loaded without the rest. Years that are shipped are whole.
func wholeYears(rows []seedfile.Row, shipped int) error {
	names := map[string]string{}
	for _, r := range rows {
		if year := r.Get("date")[:4]; r.Get("region") == "" && r.Get("kind") == "off" && year > strconv.Itoa(shipped) {
			names[year] += r.Get("name") + " "
		}
	}
	var faults []error
	for _, year := range slices.Sorted(maps.Keys(names)) {
		for _, f := range festivals {
			if !strings.Contains(names[year], f) {
				faults = append(faults, fmt.Errorf("%s:1: %s has no day off for %s: a gap", rows[0].File, year, f))
			}
		}
	}
	return errors.Join(faults...)
}

var dayColumns = []string{"date", "kind", "name", "region"}

// dayRow and windowRow are rows whose cells have been read.
type dayRow struct {
	region string // prefix of the code: 5401 for a prefecture
	n      int64
	year   int
	rule   rule
	row    seedfile.Row
}

type windowRow struct {
	region string
	w      window
	row    seedfile.Row
}

// Parse reads cn.csv (date, kind, name, region) and windows.csv (region, from,
// to). It reports all faults at once, each with its file and line.
func Parse(files fs.FS) (*Calendar, error) { return parse(files, nil) }

// parse is Parse with further rows of days.
func parse(files fs.FS, more []seedfile.Row) (*Calendar, error) {
	days, dayFaults := parseDays(files, more)
	windows, windowFaults := parseWindows(files)
	if err := errors.Join(dayFaults, windowFaults); err != nil {
		return nil, err
	}
	c := &Calendar{first: days[0].year, last: days[0].year, plans: map[string]*plan{"": {}}}
	for _, d := range days {
		if d.region == "" {
			c.first, c.last = min(c.first, d.year), max(c.last, d.year)
		}
		c.plans[d.region] = &plan{}
	}
	for _, w := range windows {
		c.plans[w.region] = &plan{}
	}
	base, _ := split(time.Date(c.first, 1, 1, 0, 0, 0, 0, Zone))
	end, _ := split(time.Date(c.last+1, 1, 1, 0, 0, 0, 0, Zone))
	for region, p := range c.plans {
		p.base = base
		p.fill(region, days, windows)
		p.working = make([]bool, end-base)
		for i := range p.working {
			r, ok := p.days[base+int64(i)]
			p.working[i] = ok && !r.off || !ok && !weekend(base+int64(i))
		}
	}
	return c, nil
}

// fill gives a plan the rows of its region and of all above it: for a day the
// nearest region's row, and the windows of the nearest region that has any.
func (p *plan) fill(region string, days []dayRow, windows []windowRow) {
	p.days = map[int64]rule{}
	for n := 0; n <= len(region); n++ {
		for _, d := range days {
			if d.region == region[:n] {
				p.days[d.n] = d.rule
			}
		}
		var own []window
		for _, w := range windows {
			if w.region == region[:n] {
				own = append(own, w.w)
			}
		}
		if own != nil {
			slices.SortFunc(own, func(a, b window) int { return cmp.Compare(a.from, b.from) })
			p.hours = []hours{{windows: own}}
		}
	}
}

func parseDays(files fs.FS, more []seedfile.Row) ([]dayRow, error) {
	rows, err := seedfile.Read(files, "cn.csv", dayColumns...)
	faults := []error{err}
	shipped := len(rows)
	rows = append(rows, more...)
	days := make([]dayRow, 0, len(rows))
	seen := map[string]dayRow{}
	years := map[int]bool{}
	for i, row := range rows {
		d, err := readDay(row)
		if err != nil {
			faults = append(faults, err)
			continue
		}
		key := row.Get("date") + " " + d.region
		if before, twice := seen[key]; twice {
			if i < shipped || before.row.File == row.File || before.rule.off != d.rule.off {
				faults = append(faults, fmt.Errorf("%s: %s stands already at %s", row.Where(), row.Get("date"), before.row.Where()))
			}
			continue // shipped meanwhile, and the same
		}
		seen[key] = d
		if d.region == "" {
			years[d.year] = true
		}
		days = append(days, d)
	}
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	return days, checkYears(years, days)
}

// checkYears: a year that is skipped, or that only one region has, would count
// as loaded without its holidays.
func checkYears(years map[int]bool, days []dayRow) error {
	if len(years) == 0 {
		return errors.New("cn.csv:1: no day off for the whole country")
	}
	first, last := lastYear, firstYear
	for y := range years {
		first, last = min(first, y), max(last, y)
	}
	var faults []error
	for y := first; y <= last; y++ {
		if !years[y] {
			faults = append(faults, fmt.Errorf("cn.csv:1: no day off in %d, though the years around it have some: a gap", y))
		}
	}
	for _, d := range days {
		if d.year < first || d.year > last {
			faults = append(faults, fmt.Errorf("%s: the country's days off for %d are missing", d.row.Where(), d.year))
		}
	}
	return errors.Join(faults...)
}

func readDay(row seedfile.Row) (dayRow, error) {
	var faults []error
	fault := func(format string, args ...any) {
		faults = append(faults, fmt.Errorf(row.Where()+": "+format, args...))
	}
	d := dayRow{row: row}
	t, err := time.ParseInLocation(time.DateOnly, row.Get("date"), Zone)
	if err != nil {
		fault("%q is no date like 2026-02-17", row.Get("date"))
	} else if t.Year() < firstYear || t.Year() > lastYear {
		fault("%d is not a year to plan for", t.Year())
	}
	d.n, _ = split(t)
	d.year = t.Year()
	if d.region, err = prefix(row.Get("region")); err != nil {
		fault("%w", err)
	}
	d.rule.name = row.Get("name")
	if d.rule.name == "" {
		fault("the day has no name")
	}
	switch row.Get("kind") {
	case "off":
		d.rule.off = true
	case "work":
		if len(faults) == 0 && d.region == "" && !weekend(d.n) {
			fault("%s is a %s, which needs no make-up", row.Get("date"), t.Weekday())
		}
	default:
		fault("kind %q is neither off nor work", row.Get("kind"))
	}
	return d, errors.Join(faults...)
}

func parseWindows(files fs.FS) ([]windowRow, error) {
	rows, err := seedfile.Read(files, "windows.csv", "region", "from", "to")
	faults := []error{err}
	var windows []windowRow
	everywhere := false
	for _, row := range rows {
		w, err := readWindow(row)
		if err != nil {
			faults = append(faults, err)
			continue
		}
		everywhere = everywhere || w.region == ""
		for _, o := range windows {
			if o.region == w.region && o.w.from < w.w.to && w.w.from < o.w.to {
				faults = append(faults, fmt.Errorf("%s: overlaps the window at %s", row.Where(), o.row.Where()))
			}
		}
		windows = append(windows, w)
	}
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	if !everywhere {
		return nil, errors.New("windows.csv:1: no window for the whole country (an empty region)")
	}
	return windows, nil
}

func readWindow(row seedfile.Row) (windowRow, error) {
	region, err := prefix(row.Get("region"))
	from, fromErr := clock(row.Get("from"))
	to, toErr := clock(row.Get("to"))
	var faults []error
	for _, e := range []error{err, fromErr, toErr} {
		if e != nil {
			faults = append(faults, fmt.Errorf("%s: %w", row.Where(), e))
		}
	}
	if len(faults) == 0 && from >= to {
		faults = append(faults, fmt.Errorf("%s: the window ends at %s, not after %s", row.Where(), row.Get("to"), row.Get("from")))
	}
	return windowRow{region: region, w: window{from: from, to: to}, row: row}, errors.Join(faults...)
}

// clock reads 09:30 as the ns of the day, up to 24:00.
func clock(s string) (int64, error) {
	h, m, ok := strings.Cut(s, ":")
	hours, hErr := strconv.Atoi(h)
	minutes, mErr := strconv.Atoi(m)
	if !ok || len(h) != 2 || len(m) != 2 || hErr != nil || mErr != nil || hours < 0 || minutes < 0 || minutes > 59 || hours*60+minutes > 24*60 {
		return 0, fmt.Errorf("%q is no time of day like 09:30", s)
	}
	return int64(hours)*hour + int64(minutes)*int64(time.Minute), nil
}

// prefix is the part of a GB/T 2260 code that all regions below it share: 54
// for 540000, 5401 for 540100, the whole code for a county or township.
func prefix(code string) (string, error) {
	if code == "" {
		return "", nil
	}
	if len(code) != 6 && len(code) != 9 || strings.Trim(code, "0123456789") != "" || code[:2] == "00" {
		return "", fmt.Errorf("%q is no region code of 6 or 9 digits", code)
	}
	if len(code) == 9 {
		return code, nil
	}
	code = strings.TrimSuffix(code, "00")
	if len(code) == 4 {
		code = strings.TrimSuffix(code, "00")
	}
	return code, nil
}
