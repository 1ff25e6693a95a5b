package web

import (
	"fmt"
	"strings"
	"time"

	"liandong/internal/desk"
	"liandong/internal/hotline"
)

// WallPage is the board on the wall: figures to be read from five metres away.
type WallPage struct {
	Page
	Clock   string // 14:05
	Date    string
	Figures []WallFigure
	Bars    []WallBar
	Most    int // the highest bar
	Flows   []desk.WallFlow
	Urgent  []WallUrgent
	Regions []WallRegion
	May     bool // see the lists behind the figures
}

// WallFigure is one large figure with what it is a part of.
type WallFigure struct {
	Key   string
	Value string
	Note  string
	Path  string // the list behind it; "" none
	Bad   bool   // it should be zero, and is not
}

// WallBar is the arrivals of a half hour.
type WallBar struct {
	X, Height int // of 480 × 100
	N         int
	From      string
	Now       bool
}

// WallUrgent is an urgent case: what, where, how long; not who, and no words.
type WallUrgent struct {
	ID, Number, Class, Region, Step string
	Status                          string
	Left                            Left
}

// WallRegion is a row of the table of regions.
type WallRegion struct {
	Region                string
	Open, Urgent, Overdue string
	Heat                  int // 0 nothing … 4 most
}

// hideUnder is the figure below which a board that anybody in the room may read
// tells no exact number (design: cells under five are hidden outside a unit).
const hideUnder = 5

// few is a figure as the board tells it.
func few(n int) string {
	if n > 0 && n < hideUnder {
		return "<5"
	}
	return fmt.Sprint(n)
}

func (s *site) wallPage(q *request) error {
	o, err := s.desk.Wall(q.ctx(), q.actor)
	if err != nil {
		return err
	}
	w := s.pages[q.lang].words
	data := WallPage{
		Page: s.page(q, "web.wall.title"), Clock: o.Now.Format("15:04"), Date: o.Now.Format(time.DateOnly), Flows: o.Flows,
		May: q.actor.Has(hotline.SeeCases), Figures: w.wallFigures(o),
	}
	data.Styles = []string{"own/wall.css"}
	data.Bars, data.Most = wallBars(o)
	for _, v := range o.Urgent {
		data.Urgent = append(data.Urgent, WallUrgent{
			ID: v.ID, Number: v.Number, Class: v.Urgent + " " + w.Class(v.Urgent), Region: w.Place(v.Region), Step: firstStep(v),
			Status: string(v.Status), Left: w.Left(v.DueAt, v.Region),
		})
	}
	most := 1
	for _, r := range o.Regions {
		most = max(most, r.Open)
	}
	for _, r := range o.Regions {
		row := WallRegion{Region: w.Region(r.Region), Open: few(r.Open), Urgent: few(r.Urgent), Overdue: few(r.Overdue)}
		if r.Open > 0 {
			row.Heat = 1 + 3*r.Open/most
		}
		data.Regions = append(data.Regions, row)
	}
	return s.show(q, "wall", data)
}

func (w words) wallFigures(o desk.Wall) []WallFigure {
	open := o.Counts.Open + o.Counts.InProgress + o.Counts.Awaiting
	return []WallFigure{
		{Key: "web.wall.today", Value: fmt.Sprint(o.Total), Note: w.T("web.wall.yesterday", o.Yesterday)},
		{Key: "web.wall.open", Value: fmt.Sprint(open), Note: w.T("web.wall.untouched", o.Counts.Open), Path: "/cases"},
		{Key: "web.wall.urgent", Value: fmt.Sprint(o.Counts.Urgent), Note: w.T("web.wall.of_open", open), Path: "/cases?urgent=1", Bad: o.Counts.Urgent > 0},
		{Key: "web.wall.overdue", Value: fmt.Sprint(o.Counts.Overdue), Note: w.T("web.wall.of_open", open), Path: "/cases?overdue=1", Bad: o.Counts.Overdue > 0},
		{Key: "web.wall.solved", Value: share(o.Answers.Solved, o.Answers.Asked), Note: w.T("web.wall.of_asked", few(o.Answers.Asked))},
		{Key: "web.wall.satisfied", Value: share(o.Answers.Satisfied, o.Answers.Rated), Note: w.T("web.wall.of_rated", few(o.Answers.Rated))},
	}
}

// share is a percentage, cut and never rounded up to a hundred; "—" where there
// are too few to say.
func share(part, of int) string {
	if of < hideUnder {
		return "—"
	}
	return fmt.Sprintf("%d%%", 100*part/of)
}

func wallBars(o desk.Wall) (bars []WallBar, most int) {
	bars, most = halfHours(o.Arrivals[:])
	if now := int(o.Now.Sub(o.Day) / (30 * time.Minute)); now < len(bars) {
		bars[now].Now = true
	}
	return bars, most
}

// halfHours are the bars of a day, by half hours.
func halfHours(counts []int) (bars []WallBar, most int) {
	for _, n := range counts {
		most = max(most, n)
	}
	for i, n := range counts {
		b := WallBar{X: i * 10, N: n, From: fmt.Sprintf("%02d:%02d", i/2, i%2*30)}
		if most > 0 {
			b.Height = (n*100 + most - 1) / most
		}
		bars = append(bars, b)
	}
	return bars, most
}

// Y is where a bar begins, from the top.
func (b WallBar) Y() int { return 100 - b.Height }

// Says is the board's chart in words, for those who do not see it.
func (p WallPage) Says() string { return barsInWords(p.Bars) }

func barsInWords(bars []WallBar) string {
	var parts []string
	for _, b := range bars {
		if b.N > 0 {
			parts = append(parts, fmt.Sprintf("%s %d", b.From, b.N))
		}
	}
	return strings.Join(parts, ", ")
}
