package api

import (
	"context"
	"time"

	"liandong/internal/assessment"
	"liandong/internal/desk"
	"liandong/internal/hotline"
)

// scoreRequest is which scores are asked for.
type scoreRequest struct {
	Month string    `query:"month" required:"true" doc:"The month" example:"2026-03"`
	AsOf  time.Time `query:"as_of" doc:"As they stood at a moment; default: now"`
}

// scoreSheetView is the scores of a month.
type scoreSheetView struct {
	Month   string      `json:"month"`
	AsOf    time.Time   `json:"as_of" doc:"The moment at which they stand so"`
	Running bool        `json:"running" doc:"The month had not ended then: the figures still move"`
	Scheme  schemeView  `json:"scheme"`
	Scored  []scoreView `json:"scored" doc:"The best first"`
	Apart   []scoreView `json:"apart" doc:"Units without a score, and why"`
	// Objections name no case that the token may not see.
	Objections []objectionView `json:"objections" doc:"The oldest first"`
}

type schemeView struct {
	Version string `json:"version"`
	From    string `json:"from" doc:"The first month that it counts for"`
	Basis   string `json:"basis"`
	Least   int    `json:"least" doc:"Legs that a unit must have to be scored"`
}

// scoreView is the score of a unit, with its account.
type scoreView struct {
	Unit   string      `json:"unit"`
	Legs   int         `json:"legs" doc:"That count: without those of unreasonable demands"`
	Points int         `json:"points" doc:"Hundredths of a point, 0 to 10000: the sum of the parts; 0 without a score"`
	Why    string      `json:"why" doc:"Why there is none: few, nothing; empty where there is one"`
	Parts  []scorePart `json:"parts"`
}

type scorePart struct {
	Indicator string `json:"indicator"`
	Num       int64  `json:"num" doc:"Numerator"`
	Den       int64  `json:"den" doc:"Denominator"`
	Weight    int    `json:"weight" doc:"Points by the scheme"`
	Full      int    `json:"full" doc:"Rate that gives all of them, per mille"`
	Zero      int    `json:"zero" doc:"Rate that gives none, per mille"`
	Share     int    `json:"share" doc:"What it counts here, hundredths of a point; 0: left out"`
	Points    int    `json:"points" doc:"Of these, hundredths"`
}

type objectionView struct {
	Unit      string     `json:"unit"`
	Indicator string     `json:"indicator"`
	Serial    int        `json:"serial" doc:"Counts those to the same figure, from 1"`
	CaseID    string     `json:"case_id" doc:"Empty where the token may not see it"`
	Number    string     `json:"number" doc:"Of the case"`
	Num       int64      `json:"num" doc:"The figure as it stood"`
	Den       int64      `json:"den"`
	At        time.Time  `json:"at"`
	ClosedAt  *time.Time `json:"closed_at,omitempty" doc:"Absent while it is open"`
	Outcome   string     `json:"outcome"`
	Answer    string     `json:"answer"`
}

type scoresAnswer struct{ Body scoreSheetView }

func (a *API) scores(ctx context.Context, by hotline.Actor, r *scoreRequest) (*scoresAnswer, error) {
	sheet, err := a.desk.Scores(ctx, by, r.Month, r.AsOf)
	if err != nil {
		return nil, err
	}
	return &scoresAnswer{Body: sheetOf(sheet)}, nil
}

func sheetOf(s desk.ScoreSheet) scoreSheetView {
	out := scoreSheetView{Month: s.Month, AsOf: zoned(s.AsOf), Running: s.Running(),
		Scheme: schemeView{Version: s.Scheme.Version, From: s.Scheme.From, Basis: s.Scheme.Basis, Least: s.Scheme.Least}}
	for _, x := range s.Scored {
		out.Scored = append(out.Scored, scoreOf(x))
	}
	for _, x := range s.Apart {
		out.Apart = append(out.Apart, scoreOf(x))
	}
	for _, o := range s.Objections {
		v := objectionView{Unit: o.Unit, Indicator: o.Indicator, Serial: o.Serial, Number: o.Number, Num: int64(o.Cell.Num), Den: int64(o.Cell.Den), At: zoned(o.At),
			ClosedAt: moment(o.ClosedAt), Outcome: string(o.Outcome), Answer: string(o.Answer)}
		if o.Path {
			v.CaseID = o.CaseID
		}
		out.Objections = append(out.Objections, v)
	}
	return out
}

func scoreOf(s assessment.Score) scoreView {
	out := scoreView{Unit: s.Unit, Legs: s.Legs, Points: s.Points, Why: s.Why}
	for _, p := range s.Parts {
		out.Parts = append(out.Parts, scorePart{Indicator: p.Indicator, Num: int64(p.Num), Den: int64(p.Den), Weight: p.Weight, Full: p.Full, Zero: p.Zero,
			Share: p.Share, Points: p.Points})
	}
	return out
}
