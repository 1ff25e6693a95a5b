package desk

import (
	"context"
	"fmt"
	"time"

	"liandong/internal/calendar"
	"liandong/internal/catalogue"
	"liandong/internal/store"
	"liandong/internal/triage"
)

// inForce is the catalogue that counts now and the model and engine that propose
// by it.
// It is replaced whole, so that nobody sees one without the other.
type inForce struct {
	cat   *catalogue.Catalogue
	model *triage.Model
	judge triage.Engine
}

func (d *Desk) put(cat *catalogue.Catalogue, m *triage.Model) {
	d.force.Store(&inForce{cat: cat, model: m, judge: d.judge(cat, m)})
}

// RefreshCatalogue takes up the version in force today where that is another
// one than so far: somebody published it, here or in another process, or its
// day has come. It runs again and again.
func (d *Desk) RefreshCatalogue(ctx context.Context) error {
	now := d.Now()
	vs, err := d.read.Versions(ctx, CatalogueKind, today(now))
	if err != nil || len(vs) == 0 || vs[0].EffectiveFrom > today(now) || vs[0].Version == d.Catalogue().Version {
		return err
	}
	cat, err := catalogueInForce(ctx, d.read, now)
	if err != nil {
		return err
	}
	d.put(cat, d.force.Load().model)
	return nil
}

// catalogueInForce reads the version in force from the database.
func catalogueInForce(ctx context.Context, r *store.Reader, now time.Time) (*catalogue.Catalogue, error) {
	var cat catalogue.Catalogue
	if err := loadDocument(ctx, r, CatalogueKind, now, &cat); err != nil {
		return nil, err
	}
	if err := cat.Validate(); err != nil {
		return nil, fmt.Errorf("catalogue in the database: %w", err)
	}
	return &cat, nil
}

// today is the day as documents know it: YYYY-MM-DD where the line works.
func today(now time.Time) string { return now.In(calendar.Zone).Format(time.DateOnly) }
