package desk

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"time"

	"liandong/internal/calendar"
	"liandong/internal/casefile"
	"liandong/internal/catalogue"
	"liandong/internal/consultation"
	"liandong/internal/hotline"
	"liandong/internal/store"
)

// DraftView is a draft with what an editor has to know of it.
type DraftView struct {
	store.Draft
	Catalogue *catalogue.Catalogue
	Faults    []error            // why it cannot be published yet
	Changes   []catalogue.Change // against the version in force
	Trial     *Trial             // nil: it was not tried since it changed
}

// CatalogueVersions lists the published versions, the one in force first.
func (d *Desk) CatalogueVersions(ctx context.Context, a hotline.Actor) ([]store.Document, error) {
	if err := a.CheckNode(hotline.SeeOverview); err != nil {
		return nil, err
	}
	return d.read.Versions(ctx, CatalogueKind, today(d.Now()))
}

// CatalogueVersion reads one published version.
func (d *Desk) CatalogueVersion(ctx context.Context, a hotline.Actor, version string) (*catalogue.Catalogue, store.Document, error) {
	if err := a.CheckNode(hotline.SeeOverview); err != nil {
		return nil, store.Document{}, err
	}
	doc, err := d.read.Document(ctx, CatalogueKind, version)
	if err != nil {
		return nil, doc, err
	}
	var cat catalogue.Catalogue
	if err := json.Unmarshal([]byte(doc.Content), &cat); err != nil {
		return nil, doc, fmt.Errorf("read catalogue %s: %w", version, err)
	}
	return &cat, doc, nil
}

// Drafts lists the versions in the making.
func (d *Desk) Drafts(ctx context.Context, a hotline.Actor) ([]store.Draft, error) {
	if err := a.CheckNode(hotline.EditCatalogue); err != nil {
		return nil, err
	}
	return d.read.Drafts(ctx)
}

// NewDraft begins a draft as a copy of a published version; an older one is how
// a publication is taken back.
func (d *Desk) NewDraft(ctx context.Context, a hotline.Actor, title, base string) (store.Draft, error) {
	return d.draftOf(ctx, a, title, base, nil, func(*catalogue.Catalogue) error { return nil })
}

func (d *Desk) draftOf(ctx context.Context, a hotline.Actor, title, base string, claim func(*store.Tx, string) (bool, error), change func(*catalogue.Catalogue) error) (store.Draft, error) {
	if err := a.CheckNode(hotline.EditCatalogue); err != nil {
		return store.Draft{}, err
	}
	if err := casefile.CheckLine("title", title); err != nil {
		return store.Draft{}, err
	}
	if title == "" {
		return store.Draft{}, hotline.Errorf(hotline.Invalid, "text_empty", "title")
	}
	doc, err := d.read.Document(ctx, CatalogueKind, base)
	if err != nil {
		return store.Draft{}, err
	}
	x := store.Draft{ID: hotline.NewID(), Version: 1, Title: title, Base: base, ByName: a.Name, CreatedAt: d.Now(), ChangedAt: d.Now()}
	var cat catalogue.Catalogue
	if err := json.Unmarshal([]byte(doc.Content), &cat); err != nil {
		return x, fmt.Errorf("read catalogue %s: %w", base, err)
	}
	if err := change(&cat); err != nil {
		return x, err
	}
	if x.Content, err = contentOf(&cat); err != nil {
		return x, err
	}
	return x, d.st.Write(ctx, func(tx *store.Tx) error {
		if claim != nil {
			if was, err := claim(tx, x.ID); err != nil || was {
				return err
			}
		}
		return tx.AddDraft(ctx, x)
	})
}

func contentOf(cat *catalogue.Catalogue) (string, error) {
	b, err := json.Marshal(cat)
	return string(b), err
}

// DraftOfRuling begins a draft from what a consultation has ruled: the unit
// that owns the matter leads its item from now on, and the item stands in the
// class to which the ruling moves it. A ruling for a platform that moves nothing,
// or on a case without an item, begins a draft without a change: what it means
// for the table is for the editor to write. One on an item that the version in
// force does not have is refused: there is nothing that it could change.
func (d *Desk) DraftOfRuling(ctx context.Context, a hotline.Actor, consultationID string) (store.Draft, error) {
	return d.draftOfRuling(ctx, a, consultationID, nil, nil)
}

// DraftOfRulingOnce is DraftOfRuling under a key: asked again under it, it gives
// the draft that is there. version is the consultation's, as last seen.
func (d *Desk) DraftOfRulingOnce(ctx context.Context, a hotline.Actor, consultationID string, version *int64, key string) (x store.Draft, created bool, err error) {
	if err := casefile.CheckLine("Idempotency-Key", key); err != nil {
		return store.Draft{}, false, err
	}
	first := ""
	x, err = d.draftOfRuling(ctx, a, consultationID, version, func(tx *store.Tx, made string) (was bool, err error) {
		if key == "" {
			return false, nil
		}
		first, err = d.claim(ctx, tx, a, "consult:"+key, consultationID, "draft", made)
		return first != "", err
	})
	if err == nil && first != "" {
		x, err = d.read.Draft(ctx, first)
	}
	return x, first == "", err
}

func (d *Desk) draftOfRuling(ctx context.Context, a hotline.Actor, consultationID string, version *int64, claim func(*store.Tx, string) (bool, error)) (store.Draft, error) {
	v, err := d.Consultation(ctx, a, consultationID)
	if err != nil {
		return store.Draft{}, err
	}
	if version != nil && v.Version != *version {
		return store.Draft{}, hotline.Errorf(hotline.Conflict, "version_wrong", "version", v.Version)
	}
	if v.State != consultation.Ruled {
		return store.Draft{}, hotline.Errorf(hotline.Conflict, "consultation_not_ruled", "")
	}
	now := d.Catalogue()
	title := v.Basis
	it, ok := now.Item(v.Item)
	if v.Item != "" && !ok {
		return store.Draft{}, hotline.Errorf(hotline.Conflict, "ruling_item_gone", "item", v.Item, now.Version)
	}
	if ok {
		title = it.Name + "：" + v.Basis
	}
	if rs := []rune(title); len(rs) > 60 {
		title = string(rs[:60])
	}
	return d.draftOf(ctx, a, title, now.Version, claim, func(cat *catalogue.Catalogue) error {
		it, ok := cat.Item(v.Item)
		if !ok {
			return nil
		}
		to, moves := cat.Class(v.RuledClass)
		if moves = moves && to.Code != it.Class; moves { // it gets a code there
			cat.DropItem(it.Code)
			it.Code, it.Class, it.Lead, it.Joint = "", to.Code, to.Lead, to.Joint
		}
		code, isUnit := strings.CutPrefix(v.Owner, "unit:")
		u, known := d.dir.Unit(code)
		if isUnit && known {
			it.Joint = without(it.Joint, u.Kind)
			it.Lead = u.Kind
		}
		if moves || isUnit && known {
			cat.PutItem(it, now)
		}
		return nil
	})
}

func without(list []string, x string) []string {
	var out []string
	for _, s := range list {
		if s != x {
			out = append(out, s)
		}
	}
	return out
}

// Draft shows one.
func (d *Desk) Draft(ctx context.Context, a hotline.Actor, id string) (DraftView, error) {
	if err := a.CheckNode(hotline.EditCatalogue); err != nil {
		return DraftView{}, err
	}
	x, err := d.read.Draft(ctx, id)
	if err != nil {
		return DraftView{}, err
	}
	return d.viewDraft(x)
}

func (d *Desk) viewDraft(x store.Draft) (DraftView, error) {
	v := DraftView{Draft: x, Catalogue: &catalogue.Catalogue{}}
	if err := json.Unmarshal([]byte(x.Content), v.Catalogue); err != nil {
		return v, fmt.Errorf("read draft %s: %w", x.ID, err)
	}
	v.Faults = catalogue.Faults(v.Catalogue.Validate())
	v.Changes = catalogue.Diff(d.Catalogue(), v.Catalogue)
	if x.Tested != "" {
		v.Trial = &Trial{}
		if err := json.Unmarshal([]byte(x.Tested), v.Trial); err != nil {
			return v, fmt.Errorf("read trial of %s: %w", x.ID, err)
		}
		if v.Trial.Against != d.Catalogue().Version {
			v.Trial = nil // another version has come into force since
		}
	}
	return v, nil
}

// EditDraft changes what a draft holds. A draft may have faults as long as it is
// one; they are told with it. version is the draft's, as last seen.
func (d *Desk) EditDraft(ctx context.Context, a hotline.Actor, id string, version int64, change func(cat *catalogue.Catalogue) error) error {
	return d.editing(ctx, a, id, version, func(tx *store.Tx, v DraftView) error {
		if err := change(v.Catalogue); err != nil {
			return err
		}
		var err error
		if v.Content, err = contentOf(v.Catalogue); err != nil {
			return err
		}
		v.Tested, v.ByName, v.ChangedAt = "", a.Name, d.Now()
		return tx.SaveDraft(ctx, v.Draft)
	})
}

func (d *Desk) editing(ctx context.Context, a hotline.Actor, id string, version int64, f func(*store.Tx, DraftView) error) error {
	if err := a.CheckNode(hotline.EditCatalogue); err != nil {
		return err
	}
	return d.st.Write(ctx, func(tx *store.Tx) error {
		x, err := tx.Draft(ctx, id)
		if err != nil {
			return err
		}
		if x.Version != version {
			return hotline.Errorf(hotline.Conflict, "version_wrong", "version", x.Version)
		}
		v, err := d.viewDraft(x)
		if err != nil {
			return err
		}
		return f(tx, v)
	})
}

// DropDraft gives a draft up.
func (d *Desk) DropDraft(ctx context.Context, a hotline.Actor, id string, version int64) error {
	return d.editing(ctx, a, id, version, func(tx *store.Tx, v DraftView) error { return tx.DropDraft(ctx, id, version) })
}

// Release is what a draft is published as.
type Release struct {
	Version string // its name, such as xizang-2026.1
	From    string // day it counts from, YYYY-MM-DD; today or later
	Basis   string // the decision or rule it rests on
}

var versionName = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{2,39}$`)

// Publish makes a draft a version that counts from its day. It must be without
// faults and have been tried on past cases as it is.
func (d *Desk) Publish(ctx context.Context, a hotline.Actor, id string, version int64, r Release) error {
	err := d.editing(ctx, a, id, version, func(tx *store.Tx, v DraftView) error {
		if err := d.checkRelease(ctx, &tx.Reader, v, r); err != nil {
			return err
		}
		v.Catalogue.Version, v.Catalogue.EffectiveFrom, v.Catalogue.Basis = r.Version, r.From, r.Basis
		content, err := contentOf(v.Catalogue)
		if err != nil {
			return err
		}
		doc := store.Document{Kind: CatalogueKind, Version: r.Version, EffectiveFrom: r.From, Content: content, LoadedAt: d.Now(), ByName: a.Name, Basis: r.Basis, Tested: v.Tested}
		if err := tx.AddDocument(ctx, doc); err != nil {
			return err
		}
		return tx.DropDraft(ctx, id, version)
	})
	if store.IsDuplicate(err) {
		return hotline.Errorf(hotline.Conflict, "version_taken", "name", r.Version)
	}
	if err != nil {
		return err
	}
	return d.RefreshCatalogue(ctx)
}

func (d *Desk) checkRelease(ctx context.Context, read *store.Reader, v DraftView, r Release) error {
	if err := casefile.CheckLine("basis", r.Basis); err != nil {
		return err
	}
	from, err := time.ParseInLocation(time.DateOnly, r.From, calendar.Zone)
	switch {
	case len(v.Faults) > 0:
		return v.Faults[0]
	case len(v.Changes) == 0:
		return hotline.Errorf(hotline.Conflict, "draft_unchanged", "")
	case v.Trial == nil:
		return hotline.Errorf(hotline.Conflict, "draft_untried", "")
	case !versionName.MatchString(r.Version):
		return hotline.Errorf(hotline.Invalid, "version_name", "name", r.Version)
	case r.Basis == "":
		return hotline.Errorf(hotline.Invalid, "text_empty", "basis")
	case err != nil:
		return hotline.Errorf(hotline.Invalid, "day_invalid", "from", r.From)
	case from.Format(time.DateOnly) < today(d.Now()):
		return hotline.Errorf(hotline.Invalid, "day_past", "from", r.From)
	}
	if _, err := read.Document(ctx, CatalogueKind, r.Version); hotline.KindOf(err) != hotline.NotFound || err == nil {
		if err != nil {
			return err
		}
		return hotline.Errorf(hotline.Conflict, "version_taken", "name", r.Version)
	}
	return nil
}
