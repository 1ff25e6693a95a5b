package web

import (
	"fmt"
	"strings"
	"time"

	"liandong/internal/calendar"
	"liandong/internal/catalogue"
	"liandong/internal/deadline"
	"liandong/internal/directory"
	"liandong/internal/hotline"
	"liandong/internal/message"
)

// words says things in one language: sentences, moments, remaining time, and
// the names of what the catalogue and the directory know by code.
type words struct {
	lang string
	cat  func() *catalogue.Catalogue // the version in force
	dir  *directory.Directory
	cal  *calendar.Calendar
	now  func() time.Time
}

// T is the sentence of a key.
func (w words) T(key string, args ...any) string { return message.Text(w.lang, key, args...) }

// Word is the word for a value of some kind.
func (w words) Word(kind string, value any) string {
	return message.Word(w.lang, kind, fmt.Sprint(value))
}

// Moment is a time of day as a person says it: 今天 15:04, 11-23 15:04, and with
// the year where it is another one. Always Asia/Shanghai.
func (w words) Moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	t, now := t.In(calendar.Zone), w.now().In(calendar.Zone)
	switch {
	case sameDay(t, now):
		return w.T("web.time.today", t.Format("15:04"))
	case sameDay(t, now.AddDate(0, 0, -1)):
		return w.T("web.time.yesterday", t.Format("15:04"))
	case sameDay(t, now.AddDate(0, 0, 1)):
		return w.T("web.time.tomorrow", t.Format("15:04"))
	case t.Year() == now.Year():
		return t.Format("01-02 15:04")
	}
	return t.Format("2006-01-02 15:04")
}

func sameDay(a, b time.Time) bool {
	return a.Year() == b.Year() && a.YearDay() == b.YearDay()
}

// Exact is the moment to the second, for the title of what is said shortly.
func (w words) Exact(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(calendar.Zone).Format("2006-01-02 15:04:05")
}

// ISO is the moment for a datetime attribute.
func (w words) ISO(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(calendar.Zone).Format(time.RFC3339)
}

// Left is how much time is left, or gone over, in words and in a tone.
type Left struct {
	Tone  string // ok, near, over; "" no limit
	Words string
	Exact string
	ISO   string
	Card  string // near, red or order: the card that the clock shows; "" none
}

// nearFor is how long before its due time a limit is shown as near where the
// clock itself is not at hand. Proposal: half a working morning.
const nearFor = 2 * time.Hour

// Left says how far a due time is from now: 还剩 2 小时 15 分, 超期 1 个工作日.
func (w words) Left(due time.Time, region string) Left {
	if due.IsZero() {
		return Left{}
	}
	now := w.now()
	r := deadline.Left(now, due, w.cal, region)
	l := Left{Tone: "ok", Words: w.remaining(r), Exact: w.T("web.left.exact", w.Exact(due)), ISO: w.ISO(due)}
	switch {
	case r.Overdue:
		l.Tone = "over"
	case due.Sub(now) <= nearFor:
		l.Tone = "near"
	}
	return l
}

// OfClock is Left for a clock: what has stopped says whether it was in time,
// and a clock is near from its own first rung on.
func (w words) OfClock(c deadline.Clock, region string) Left {
	if !c.Running() {
		key, tone := "web.left.met", "done"
		if c.Late(w.now()) {
			key, tone = "web.left.missed", "late"
		}
		return Left{Tone: tone, Words: w.T(key), Exact: w.T("web.left.exact", w.Exact(c.Due)), ISO: w.ISO(c.Due)}
	}
	l := w.Left(c.Due, region)
	switch {
	case c.Rung >= deadline.RungOf(catalogue.RungOrder):
		l.Card = catalogue.RungOrder
	case c.Rung >= deadline.RungOf(catalogue.RungRed):
		l.Card = catalogue.RungRed
	case c.Rung == deadline.RungOf(catalogue.RungNear):
		l.Card = catalogue.RungNear
	}
	if l.Tone == "near" && c.Rung == 0 && c.Due.Sub(c.Start) > nearFor && c.Next.After(w.now()) && !c.Next.Equal(c.Due) {
		l.Tone = "ok"
	}
	if l.Tone == "ok" && c.Rung > 0 {
		l.Tone = "near"
	}
	return l
}

func (w words) remaining(r deadline.Remaining) string {
	switch {
	case r.Overdue && r.WorkingDays > 0:
		return w.T("web.left.over_days", r.WorkingDays)
	case r.Overdue && r.Days > 0:
		return w.T("web.left.over_calendar_days", r.Days)
	case r.Overdue:
		return w.T("web.left.over", w.span(r))
	case r.WorkingDays > 1:
		return w.T("web.left.days", r.WorkingDays)
	}
	return w.T("web.left.rest", w.span(r))
}

// span is calendar time in at most two units.
func (w words) span(r deadline.Remaining) string {
	switch {
	case r.Days > 0 && r.Hours > 0:
		return w.T("web.span.days_hours", r.Days, r.Hours)
	case r.Days > 0:
		return w.T("web.span.days", r.Days)
	case r.Hours > 0 && r.Minutes > 0:
		return w.T("web.span.hours_minutes", r.Hours, r.Minutes)
	case r.Hours > 0:
		return w.T("web.span.hours", r.Hours)
	case r.Minutes > 0:
		return w.T("web.span.minutes", r.Minutes)
	}
	return w.T("web.span.under_minute")
}

// name picks the English name where English is spoken and there is one.
func (w words) name(zh, en string) string {
	if w.lang == message.English && en != "" {
		return en
	}
	return zh
}

// Class is the name of a class; the code itself where the catalogue does not
// know it, as in a peer's offer.
func (w words) Class(code string) string {
	c, ok := w.cat().Class(code)
	if !ok {
		return code
	}
	return w.name(c.Name, c.NameEN)
}

// Item is the name of an item.
func (w words) Item(code string) string {
	i, ok := w.cat().Item(code)
	if !ok {
		return code
	}
	return w.name(i.Name, i.NameEN)
}

// Department is the name of a kind of department.
func (w words) Department(kind string) string {
	d, ok := catalogue.FindDepartment(kind)
	if !ok {
		return kind
	}
	return w.name(d.Name, d.NameEN)
}

// Region is the name of a region.
func (w words) Region(code string) string {
	r, ok := w.dir.Region(code)
	if !ok {
		return code
	}
	return w.name(r.Name, r.NameEN)
}

// Place is a region with the one above it: 拉萨市 城关区. It is what the region
// field of a form holds, and what findRegion reads back.
func (w words) Place(code string) string {
	r, ok := w.dir.Region(code)
	if !ok {
		return code
	}
	if up, ok := w.dir.Region(r.Parent); ok && up.Parent != "" {
		return w.name(up.Name, up.NameEN) + " " + w.name(r.Name, r.NameEN)
	}
	return w.name(r.Name, r.NameEN)
}

// Unit is the name of a unit.
func (w words) Unit(code string) string {
	u, ok := w.dir.Unit(code)
	if !ok {
		return code
	}
	return w.name(u.Name, u.NameEN)
}

// Target is the name of where a leg goes, as Order.To writes it.
func (w words) Target(to string) string {
	if code, ok := strings.CutPrefix(to, "unit:"); ok {
		return w.Unit(code)
	}
	if code, ok := strings.CutPrefix(to, "platform:"); ok {
		return w.Platform(code)
	}
	return w.Word("line", to)
}

// Platform names a platform by the place and the line in its code, such as
// 540000-110; a code of another form stays as it is.
func (w words) Platform(code string) string {
	region, line, ok := strings.Cut(code, "-")
	if _, known := w.dir.Region(region); !ok || !known || !message.Has(w.lang, "line."+line) {
		return code
	}
	return w.Region(region) + " " + w.Word("line", line)
}

// Speaks is the name of a language, or its code where there is no name.
func (w words) Speaks(language string) string {
	if message.Has(w.lang, "language."+language) {
		return w.Word("language", language)
	}
	return language
}

// Trouble says why a leg is on the repair list: the code of a refusal, or of
// something that befell it.
func (w words) Trouble(code string) string {
	if message.Has(w.lang, "web.repair."+code) {
		return w.T("web.repair." + code)
	}
	return message.Error(w.lang, &hotline.Error{Kind: hotline.Conflict, Code: code})
}
