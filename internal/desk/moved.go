package desk

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"liandong/internal/calendar"
	"liandong/internal/casefile"
	"liandong/internal/catalogue"
	"liandong/internal/directory"
	"liandong/internal/hotline"
	"liandong/internal/leg"
	"liandong/internal/store"
)

// A published version of the catalogue counts for cases to come. Of the open
// ones that its trial found to lie elsewhere by it, people are told, and each is
// moved by a person's click.

// newsFor is how long the desks are told of a version that came into force.
// Proposal.
const newsFor = 3 * 24 * time.Hour

// CatalogueNews is the version of which the desks are told now: it comes into
// force soon, or has just done so; nil: there is none.
func (d *Desk) CatalogueNews(ctx context.Context, a hotline.Actor) (*store.Document, error) {
	if !a.AtDesk() || !a.Has(hotline.SeeCases) {
		return nil, nil
	}
	now := d.Now()
	vs, err := d.read.Versions(ctx, CatalogueKind, today(now))
	var newest *store.Document
	for i, v := range vs {
		from, wrong := time.ParseInLocation(time.DateOnly, v.EffectiveFrom, calendar.Zone)
		if v.ByName == "" || wrong != nil { // what the program brought is no news
			continue
		}
		if v.LoadedAt.After(from) {
			from = v.LoadedAt
		}
		if now.Sub(from) < newsFor && (newest == nil || v.LoadedAt.After(newest.LoadedAt)) {
			newest = &vs[i]
		}
	}
	return newest, err
}

// Moving is an open case that lies elsewhere by a version of the catalogue.
type Moving struct {
	View CaseView
	From string // unit that leads it now; "" none does
	To   string // unit that leads it by the version
	Held bool   // it was taken up, or asked back already: the unit must give it back first
}

// CatalogueMoves lists the open cases that a published version sends elsewhere
// and that nobody has moved yet.
func (d *Desk) CatalogueMoves(ctx context.Context, a hotline.Actor, version string) ([]Moving, error) {
	if !a.AtDesk() || !a.Has(hotline.SeeCases) {
		return nil, hotline.Errorf(hotline.Denied, "denied", string(hotline.SeeCases), string(a.Role))
	}
	cat, trial, err := d.published(ctx, version)
	if err != nil || cat.Version != d.Catalogue().Version && cat.EffectiveFrom <= today(d.Now()) { // another has taken its place
		return nil, err
	}
	var out []Moving
	for _, row := range trial.Rows {
		if !row.Open || row.UnitBefore == row.Unit {
			continue
		}
		v, err := d.Case(ctx, a, row.CaseID)
		if hotline.KindOf(err) == hotline.NotFound && err != nil {
			continue
		}
		if err != nil {
			return nil, err
		}
		legs := make([]leg.Leg, len(v.Legs))
		for i, l := range v.Legs {
			legs[i] = l.Leg
		}
		m := Moving{View: v, To: d.leadBy(cat, v.Case, row)}
		done := false
		for _, l := range legs {
			done = done || live(l) && l.Unit == m.To
			if leads(l) {
				m.From, m.Held = l.Unit, l.State != leg.Received || l.Pending != "" || l.Urgent
			}
		}
		if m.To != "" && !done && v.ClosedAt.IsZero() && !v.Erased {
			out = append(out, m)
		}
	}
	return out, nil
}

// published reads a version and what its trial said.
func (d *Desk) published(ctx context.Context, version string) (*catalogue.Catalogue, Trial, error) {
	var cat catalogue.Catalogue
	var trial Trial
	doc, err := d.read.Document(ctx, CatalogueKind, version)
	if err != nil {
		return nil, trial, err
	}
	if err := json.Unmarshal([]byte(doc.Content), &cat); err != nil {
		return nil, trial, fmt.Errorf("read catalogue %s: %w", version, err)
	}
	if doc.Tested != "" {
		if err := json.Unmarshal([]byte(doc.Tested), &trial); err != nil {
			return nil, trial, fmt.Errorf("read trial of %s: %w", version, err)
		}
	}
	return &cat, trial, nil
}

// leadBy is the unit of this line that leads a case by a version; "" there is
// none. Where people have not decided, it is what the trial proposed.
func (d *Desk) leadBy(cat *catalogue.Catalogue, c casefile.Case, row Turned) string {
	unit := row.Unit
	if c.Category != "" {
		lead, _, _ := directory.Route(cat, d.dir, c.Item, c.Category, d.regionOr(c.Region))
		unit = lead.Code
	}
	if u, ok := d.dir.Unit(unit); !ok || u.Platform != d.node.Line {
		return ""
	}
	return unit
}

// leads says that a unit of this platform has the lead of a case now.
func leads(l leg.Leg) bool { return live(l) && l.Local() && l.Role == leg.Lead }

// MoveCase sends an open case to the unit that leads it by a published version:
// what another unit has not taken up is asked back, which is granted at once.
// One that was taken up is asked back, and moved is false: when its unit has
// given it back, it can be moved. version is the case's, as last seen.
func (d *Desk) MoveCase(ctx context.Context, a hotline.Actor, catalogueVersion, caseID string, version *int64) (moved bool, err error) {
	cat, trial, err := d.published(ctx, catalogueVersion)
	if err == nil && catalogueVersion != d.Catalogue().Version {
		err = hotline.Errorf(hotline.Conflict, "move_not_in_force", "version", catalogueVersion)
	}
	if err != nil {
		return false, err
	}
	err = d.change(ctx, a, caseID, version, hotline.DecideCases, func(w *work) error {
		moved = false
		to := ""
		for _, row := range trial.Rows {
			if row.CaseID == caseID && row.Open {
				to = d.leadBy(cat, w.c.Case, row)
			}
		}
		switch {
		case to == "":
			return hotline.Errorf(hotline.Conflict, "move_nowhere", "case", catalogueVersion)
		case !w.c.ClosedAt.IsZero():
			return hotline.Errorf(hotline.Conflict, "case_closed", "status")
		case w.c.Urgent != "":
			return hotline.Errorf(hotline.Conflict, "assign_urgent", "case")
		}
		why := "按事项清单 " + catalogueVersion + " 改由新的主办单位办理"
		for _, l := range w.legs {
			if !leads(l.Leg) {
				continue
			}
			if l.Unit == to {
				return hotline.Errorf(hotline.Conflict, "leg_twice", "to", to)
			}
			if err := w.perform(l, leg.Act{Verb: leg.Withdraw, Side: leg.Sender, At: w.now}, Do{Verb: leg.Withdraw, Note: why}); err != nil {
				return err
			}
			if live(l.Leg) {
				return nil // its unit answers first
			}
		}
		o := Order{To: "unit:" + to, Ask: why, Role: leg.Lead}
		for _, l := range w.legs {
			if l.NeedsResolution() {
				o.Replaces = l.ID
			}
		}
		moved = true
		if err := w.event("moved_by_catalogue", "", body{"version": catalogueVersion, "to": to}, ""); err != nil {
			return err
		}
		return w.send([]Order{o})
	})
	return moved, err
}
