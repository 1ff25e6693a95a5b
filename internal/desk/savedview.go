package desk

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"liandong/internal/casefile"
	"liandong/internal/hotline"
	"liandong/internal/store"
)

// What a person may keep of the list of cases: so many views, with names of so
// many characters, that seek words of at most so many.
const (
	SavedViewsMost    = 20
	SavedViewNameMost = 40
	soughtMost        = 100
)

// SavedViewFilters are the filters that a view may hold: those of the list's
// address, without its page.
var SavedViewFilters = []string{"status", "category", "line", "region", "unit", "urgent", "overdue", "dispute", "unread", "q", "sort", "closed"}

// SavedViews lists what the actor keeps, the oldest first.
func (d *Desk) SavedViews(ctx context.Context, a hotline.Actor) ([]store.SavedView, error) {
	if !a.Has(hotline.SeeCases) {
		return nil, hotline.Errorf(hotline.Denied, "denied", string(hotline.SeeCases), string(a.Role))
	}
	return d.read.SavedViews(ctx, a.ID)
}

// SaveView keeps a filter of the list under a name, for the actor alone. Words
// that are sought are kept in the clear, so what looks like personal data is
// refused.
func (d *Desk) SaveView(ctx context.Context, a hotline.Actor, name, query string) error {
	if !a.Has(hotline.SeeCases) {
		return hotline.Errorf(hotline.Denied, "denied", string(hotline.SeeCases), string(a.Role))
	}
	if err := checkViewName(name); err != nil {
		return err
	}
	query, err := d.viewQuery(query)
	if err != nil {
		return err
	}
	err = d.st.WriteSilently(ctx, func(tx *store.Tx) error {
		old, err := tx.SavedViews(ctx, a.ID)
		if err != nil {
			return err
		}
		if len(old) >= SavedViewsMost {
			return hotline.Errorf(hotline.Conflict, "views_most", "view_name", SavedViewsMost)
		}
		return tx.AddSavedView(ctx, store.SavedView{ID: hotline.NewID(), PersonID: a.ID, Name: name, Query: query, CreatedAt: d.Now()})
	})
	return viewTaken(err, name)
}

// RenameView gives one of the actor's views another name.
func (d *Desk) RenameView(ctx context.Context, a hotline.Actor, id, name string) error {
	if err := checkViewName(name); err != nil {
		return err
	}
	return viewTaken(d.changeView(ctx, func(tx *store.Tx) (bool, error) { return tx.RenameSavedView(ctx, a.ID, id, name) }), name)
}

// DropView deletes one of the actor's views.
func (d *Desk) DropView(ctx context.Context, a hotline.Actor, id string) error {
	return d.changeView(ctx, func(tx *store.Tx) (bool, error) { return tx.DropSavedView(ctx, a.ID, id) })
}

func (d *Desk) changeView(ctx context.Context, f func(tx *store.Tx) (bool, error)) error {
	return d.st.WriteSilently(ctx, func(tx *store.Tx) error {
		found, err := f(tx)
		if err == nil && !found {
			err = hotline.Errorf(hotline.NotFound, "view_not_found", "")
		}
		return err
	})
}

func viewTaken(err error, name string) error {
	if store.IsDuplicate(err) {
		return hotline.Errorf(hotline.Conflict, "view_taken", "view_name", name)
	}
	return err
}

func checkViewName(name string) error {
	if strings.TrimSpace(name) == "" {
		return hotline.Errorf(hotline.Invalid, "text_empty", "view_name")
	}
	if n := utf8.RuneCountInString(name); n > SavedViewNameMost {
		return hotline.Errorf(hotline.Invalid, "text_long", "view_name", SavedViewNameMost, n)
	}
	return checkUnnamed("view_name", name)
}

// checkUnnamed refuses what names somebody or looks like a number of theirs.
func checkUnnamed(field, s string) error {
	if err := casefile.CheckLine(field, s); err != nil {
		return err
	}
	if string(hotline.NewPersonal(s).Anonymous()) != s {
		return hotline.Errorf(hotline.Invalid, "view_personal", field)
	}
	return nil
}

// viewQuery checks what a view holds and writes it in the one order. Only what
// is sought is free text; all else is a code that is known.
func (d *Desk) viewQuery(query string) (string, error) {
	v, err := url.ParseQuery(query)
	if err != nil {
		return "", hotline.Errorf(hotline.Invalid, "view_filter", "query")
	}
	for name, values := range v {
		flag := slices.Contains([]string{"urgent", "overdue", "dispute", "unread", "closed"}, name)
		if !slices.Contains(SavedViewFilters, name) || len(values) != 1 || flag && values[0] != "1" || name == "sort" && values[0] != "new" {
			return "", hotline.Errorf(hotline.Invalid, "view_filter", "query")
		}
	}
	if len(v) == 0 {
		return "", hotline.Errorf(hotline.Invalid, "view_empty", "query")
	}
	f := Filter{Status: casefile.Status(v.Get("status")), Category: v.Get("category"), Line: v.Get("line"), Region: v.Get("region"), Unit: v.Get("unit")}
	if err := d.checkFilter(f); err != nil {
		return "", err
	}
	if n := utf8.RuneCountInString(v.Get("q")); n > soughtMost {
		return "", hotline.Errorf(hotline.Invalid, "text_long", "q", soughtMost, n)
	}
	return v.Encode(), checkUnnamed("q", v.Get("q"))
}
