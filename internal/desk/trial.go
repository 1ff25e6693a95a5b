package desk

import (
	"context"
	"encoding/json"
	"time"

	"liandong/internal/casefile"
	"liandong/internal/catalogue"
	"liandong/internal/directory"
	"liandong/internal/hotline"
	"liandong/internal/store"
	"liandong/internal/triage"
)

// Trial is a draft tried on past cases: which of them would have gone elsewhere.
// It names cases and codes, and holds no words.
type Trial struct {
	At      time.Time
	Against string // the version in force then
	Cases   int    // tried: the newest that there are
	Turned  int    // of them, would have gone elsewhere
	Rows    []Turned
}

// Turned is a case that a draft would have sent elsewhere.
type Turned struct {
	CaseID, Number   string
	Open             bool
	Region           string
	Decided          string // class that people decided
	Before, After    string // item or class that triage proposes
	UnitBefore, Unit string // code of the unit that leads what people decided, or what is proposed where nobody has
}

// How much a trial looks at, and how much of it is kept.
const (
	TrialMost = 2000 // cases
	trialPage = 200
	trialRows = 300
)

// TryDraft tries a draft on the newest past cases that the actor may see, and
// keeps the result with it.
func (d *Desk) TryDraft(ctx context.Context, a hotline.Actor, id string, version int64) error {
	v, err := d.Draft(ctx, a, id)
	if err != nil {
		return err
	}
	if len(v.Faults) > 0 {
		return v.Faults[0]
	}
	trial, err := d.try(ctx, a, v.Catalogue)
	if err != nil {
		return err
	}
	tested, err := json.Marshal(trial)
	if err != nil {
		return err
	}
	return d.editing(ctx, a, id, version, func(tx *store.Tx, now DraftView) error {
		now.Tested = string(tested)
		return tx.SaveDraft(ctx, now.Draft)
	})
}

func (d *Desk) try(ctx context.Context, a hotline.Actor, draft *catalogue.Catalogue) (Trial, error) {
	force := d.force.Load()
	out := Trial{At: d.Now(), Against: force.cat.Version}
	before := trier{force.cat, d.dir, force.judge}
	after := trier{draft, d.dir, d.judge(draft, force.model)}
	f := store.CaseFilter{Now: d.Now(), Limit: trialPage}
	for out.Cases < TrialMost {
		rows, err := d.read.Cases(ctx, d.sight(a), f)
		if err != nil || len(rows) == 0 {
			return out, err
		}
		ids := make([]string, len(rows))
		for i, c := range rows {
			ids[i] = c.ID
		}
		privs, err := d.read.PrivateOf(ctx, ids)
		if err != nil {
			return out, err
		}
		for _, c := range rows {
			words, err := d.wordsOf(privs[c.ID])
			if err != nil {
				return out, err
			}
			out.add(c.Case, words, before, after, d.regionOr(c.Region))
		}
		last := rows[len(rows)-1]
		f.After = hotline.Cursor{Key: last.CreatedAt.UnixMicro(), ID: last.ID}
		if len(rows) < trialPage {
			break
		}
	}
	return out, nil
}

// add tries one case; an erased one says nothing.
func (t *Trial) add(c casefile.Case, words string, before, after trier, region string) {
	if words == "" {
		return
	}
	t.Cases++
	x := Turned{CaseID: c.ID, Number: c.Number, Open: c.ClosedAt.IsZero(), Region: c.Region, Decided: c.Category}
	x.Before, x.UnitBefore = before.sends(c, words, region)
	x.After, x.Unit = after.sends(c, words, region)
	if x.Before == x.After && x.UnitBefore == x.Unit {
		return
	}
	t.Turned++
	if len(t.Rows) < trialRows {
		t.Rows = append(t.Rows, x)
	}
}

// trier is a version of the catalogue with all that decides by it.
type trier struct {
	cat   *catalogue.Catalogue
	dir   *directory.Directory
	judge triage.Engine
}

// sends says what triage would propose, and who would lead: of what people
// decided, or else of what is proposed.
func (t trier) sends(c casefile.Case, words, region string) (proposed, unit string) {
	p := t.judge.Propose(words)
	proposed = p.Item
	if proposed == "" {
		proposed = p.Category
	}
	item, class := c.Item, c.Category
	if class == "" {
		item, class = p.Item, p.Category
	}
	lead, _, _ := directory.Route(t.cat, t.dir, item, class, region)
	return proposed, lead.Code
}
