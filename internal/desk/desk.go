package desk

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"liandong/internal/calendar"
	"liandong/internal/catalogue"
	"liandong/internal/directory"
	"liandong/internal/hotline"
	"liandong/internal/seal"
	"liandong/internal/store"
	"liandong/internal/triage"
)

// Desk is the desk of one platform.
type Desk struct {
	st    *store.Store
	read  *store.Reader
	keys  seal.KeyService
	node  store.Node
	force atomic.Pointer[inForce]
	dir   *directory.Directory
	cal   *calendar.Calendar
	judge func(*catalogue.Catalogue, *triage.Model) triage.Engine
	now   func() time.Time
	log   *slog.Logger
	links linkCache

	channels []string // by which notices go beside the screen

	numbers  numbers
	previews sync.Mutex // held by who makes a preview
	training sync.Mutex // held by who trains a model
	hot      hotCache
}

// Config is what a desk is put together from. Now defaults to time.Now.
type Config struct {
	Store     *store.Store
	Keys      seal.KeyService
	Node      store.Node
	Catalogue *catalogue.Catalogue
	Directory *directory.Directory
	Calendar  *calendar.Calendar
	Triage    func(*catalogue.Catalogue, *triage.Model) triage.Engine // makes the engine for a version of the catalogue and a model
	Now       func() time.Time
	Log       *slog.Logger
	Channels  []string // by which notices go beside the screen; none: the screen alone
}

// New puts a desk together.
func New(c Config) *Desk {
	d := &Desk{
		st: c.Store, read: c.Store.Reader(), keys: c.Keys, node: c.Node, dir: c.Directory,
		cal: c.Calendar, now: c.Now, log: c.Log, channels: c.Channels,
	}
	if d.now == nil {
		d.now = time.Now
	}
	if d.log == nil {
		d.log = slog.New(slog.DiscardHandler)
	}
	read, err := catalogue.Seed()
	if err != nil {
		panic("desk: catalogue that ships: " + err.Error()) // it is embedded, and tests read it
	}
	d.judge = func(cat *catalogue.Catalogue, m *triage.Model) triage.Engine {
		return withMoves(c.Triage(cat, m), cat, read, c.Directory)
	}
	d.put(c.Catalogue, triage.Shipped())
	return d
}

// Kinds of versioned documents.
const (
	CatalogueKind = "catalogue"
	DirectoryKind = "directory"
)

// Seed writes the catalogue, the directory and the scheme of assessment into an
// empty database and reads back the versions in force: the database is what
// counts, not the files.
func Seed(ctx context.Context, st *store.Store, cat *catalogue.Catalogue, dir *directory.Directory, now time.Time) (*catalogue.Catalogue, *directory.Directory, error) {
	if err := seedDocument(ctx, st, CatalogueKind, cat.Version, cat.EffectiveFrom, cat, now); err != nil {
		return nil, nil, err
	}
	table := directoryDocument{Regions: dir.Regions(), Units: dir.Units()}
	if err := seedDocument(ctx, st, DirectoryKind, cat.Version, cat.EffectiveFrom, table, now); err != nil {
		return nil, nil, err
	}
	if err := seedScheme(ctx, st, now); err != nil {
		return nil, nil, err
	}
	inForce, err := catalogueInForce(ctx, st.Reader(), now)
	if err != nil {
		return nil, nil, err
	}
	if err := loadDocument(ctx, st.Reader(), DirectoryKind, now, &table); err != nil {
		return nil, nil, err
	}
	d, err := directory.New(table.Regions, table.Units)
	if err != nil {
		return nil, nil, fmt.Errorf("directory in the database: %w", err)
	}
	return inForce, d, nil
}

type directoryDocument struct {
	Regions []directory.Region
	Units   []directory.Unit
}

func seedDocument(ctx context.Context, st *store.Store, kind, version, from string, content any, now time.Time) error {
	if _, err := st.Reader().Document(ctx, kind, version); hotline.KindOf(err) != hotline.NotFound {
		return err
	}
	doc, err := json.Marshal(content)
	if err != nil {
		return fmt.Errorf("write %s: %w", kind, err)
	}
	err = st.Write(ctx, func(tx *store.Tx) error {
		return tx.AddDocument(ctx, store.Document{Kind: kind, Version: version, EffectiveFrom: from, Content: string(doc), LoadedAt: now})
	})
	if store.IsDuplicate(err) {
		return nil // another process of the same platform was faster
	}
	return err
}

func loadDocument(ctx context.Context, r *store.Reader, kind string, now time.Time, into any) error {
	vs, err := r.Versions(ctx, kind, today(now))
	if err != nil {
		return err
	}
	if len(vs) == 0 {
		return hotline.Errorf(hotline.NotFound, kind+"_not_found", "")
	}
	doc, err := r.Document(ctx, kind, vs[0].Version)
	if err != nil {
		return err
	}
	if err := json.Unmarshal([]byte(doc.Content), into); err != nil {
		return fmt.Errorf("read %s %s: %w", kind, doc.Version, err)
	}
	return nil
}

// Node is the platform that this desk runs.
func (d *Desk) Node() store.Node { return d.node }

// Catalogue is the version in force.
func (d *Desk) Catalogue() *catalogue.Catalogue { return d.force.Load().cat }

// Directory is the regions and units known.
func (d *Desk) Directory() *directory.Directory { return d.dir }

// Calendar is the working time in force.
func (d *Desk) Calendar() *calendar.Calendar { return d.cal }

// Now is the desk's clock, to the microsecond that storage keeps.
func (d *Desk) Now() time.Time { return d.now().UTC().Truncate(time.Microsecond) }

// Changes is closed at the next change of anything.
func (d *Desk) Changes() <-chan struct{} { return d.st.Changes().Wait() }

// Triage proposes who should take a text; region is where it happened, where
// that is known, and wins over a place named in the text.
func (d *Desk) Triage(text, region string) triage.Proposal {
	p := d.force.Load().judge.Propose(text)
	if region != "" {
		p.Region = region
	}
	return p
}

// Proposal is a triage proposal together with the unit that it leads to.
type Proposal struct {
	triage.Proposal
	Unit directory.Unit // zero where nobody can be named
}

// Propose is Triage with the responsible unit.
func (d *Desk) Propose(text, region string) Proposal {
	p := Proposal{Proposal: d.Triage(text, region)}
	p.Unit, _, _ = d.Route(p.Item, p.Category, p.Region)
	return p
}

// Route says which units are responsible.
func (d *Desk) Route(item, class, region string) (lead directory.Unit, joint []directory.Unit, ok bool) {
	return directory.Route(d.Catalogue(), d.dir, item, class, d.regionOr(region))
}

// Owners lists who may be responsible for what a unit says is not its own.
func (d *Desk) Owners(unit, item, class, region string) []directory.Owner {
	mine, ok := d.dir.Unit(unit)
	if !ok {
		return nil
	}
	return directory.Owners(d.Catalogue(), d.dir, mine, item, class, d.regionOr(region))
}

// sight is what an actor may see of cases.
func (d *Desk) sight(a hotline.Actor) store.Sight {
	s := store.Sight{Unit: a.Unit}
	if a.Region != "" && a.Region != d.node.Region {
		s.Regions = d.below(a.Region)
	}
	return s
}

// below lists a region and everything in it.
func (d *Desk) below(region string) []string {
	out := []string{region}
	for _, c := range d.dir.Children(region) {
		out = append(out, d.below(c.Code)...)
	}
	return out
}

// where describes a case or leg for the one decision on rights.
func (d *Desk) where(a hotline.Actor, unit, region string) hotline.Where {
	return hotline.Where{Unit: unit, InRegion: a.Region == "" || a.Region == d.node.Region || d.dir.Within(region, a.Region)}
}
