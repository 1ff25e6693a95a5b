package catalogue

import (
	"embed"
	"errors"
	"io/fs"
	"strconv"
	"strings"

	"liandong/internal/catalogue/seedfile"
)

// SeedVersion is the version that the product ships.
const SeedVersion = "xizang-2025.1"

//go:embed seed
var seed embed.FS

// The files of a version and their columns.
const (
	versionFile = "version.csv"
	classFile   = "classes.csv"
	itemFile    = "items.csv"
	limitFile   = "limits.csv"
	ladderFile  = "ladders.csv"
)

var (
	versionColumns = []string{"version", "effective_from", "basis"}
	classColumns   = []string{"code", "name", "name_en", "line", "level", "lead", "joint", "pair", "synonyms"}
	itemColumns    = []string{"code", "name", "name_en", "lead", "joint", "synonyms", "exclude", "escalate", "first_response", "mark"}
	limitColumns   = []string{"class", "item", "area", "kind", "budget", "urgent", "source"}
	ladderColumns  = []string{"class", "kind", "unit", "urgent", "rung", "at", "quiet", "source"}
)

// Seed is the version that the product ships, from the files inside it.
func Seed() (*Catalogue, error) {
	files, err := fs.Sub(seed, "seed/"+SeedVersion)
	if err != nil {
		return nil, err
	}
	return Parse(files, SeedVersion)
}

// Parse reads and validates one version from its CSV files: version.csv,
// classes.csv, items.csv, limits.csv and ladders.csv. The version must be the one that
// version.csv names. All faults are found at once; each names file and line.
func Parse(files fs.FS, version string) (*Catalogue, error) {
	p := parser{table: func(name string, columns []string) ([]seedfile.Row, error) {
		return seedfile.Read(files, name, columns...)
	}}
	c := &Catalogue{Version: version}
	p.version(c)
	return p.rest(c)
}

// rest reads what hangs on the version.
func (p *parser) rest(c *Catalogue) (*Catalogue, error) {
	p.classes(c)
	p.items(c)
	p.limits(c)
	p.ladders(c)
	c.Index()
	p.faults = append(p.faults, c.check(p.places)...)
	if len(p.faults) > 0 {
		return nil, errors.Join(p.faults...)
	}
	return c, nil
}

type parser struct {
	table  func(name string, columns []string) ([]seedfile.Row, error)
	places places
	faults []error
}

func (p *parser) read(name string, columns []string) []seedfile.Row {
	rows, err := p.table(name, columns)
	if err != nil {
		p.faults = append(p.faults, err)
	}
	return rows
}

func (p *parser) fault(r seedfile.Row, code, format string, args ...any) {
	p.faults = append(p.faults, refuse(r.Where(), code, format, args...))
}

func (p *parser) version(c *Catalogue) {
	rows := p.read(versionFile, versionColumns)
	p.places.version = versionFile
	if len(rows) == 0 {
		return
	}
	r := rows[0]
	p.places.version = r.Where()
	c.EffectiveFrom, c.Basis = r.Get("effective_from"), r.Get("basis")
	if got := r.Get("version"); got != c.Version {
		p.fault(r, "row_version_other", "version %q, want %q", got, c.Version)
	}
	for _, extra := range rows[1:] {
		p.fault(extra, "row_version_second", "a second row: a version has one")
	}
}

func (p *parser) classes(c *Catalogue) {
	for _, r := range p.read(classFile, classColumns) {
		level, err := strconv.Atoi(r.Get("level"))
		if err != nil {
			p.fault(r, "row_level_number", "level %q is not a number", r.Get("level"))
			level = 3 // in range, so that it is not complained of twice
		}
		c.Classes = append(c.Classes, Class{
			Code: r.Get("code"), Name: r.Get("name"), NameEN: r.Get("name_en"),
			Line: Line(r.Get("line")), Level: level,
			Lead: r.Get("lead"), Joint: r.List("joint"),
			Synonyms: r.List("synonyms"), Pair: r.List("pair"),
		})
		p.places.classes = append(p.places.classes, r.Where())
	}
}

func (p *parser) items(c *Catalogue) {
	for _, r := range p.read(itemFile, itemColumns) {
		class, _, _ := strings.Cut(r.Get("code"), ".")
		c.Items = append(c.Items, Item{
			Code: r.Get("code"), Class: class, Name: r.Get("name"), NameEN: r.Get("name_en"),
			Lead: r.Get("lead"), Joint: r.List("joint"),
			Synonyms: r.List("synonyms"), Exclude: r.List("exclude"),
			Escalate: p.escalations(r), FirstResponse: r.Get("first_response"),
			Proposal: p.flag(r, "mark", "P"),
		})
		p.places.items = append(p.places.items, r.Where())
	}
}

// escalations reads "word>C4|word>C4".
func (p *parser) escalations(r seedfile.Row) []Escalation {
	var es []Escalation
	for _, s := range r.List("escalate") {
		word, class, found := strings.Cut(s, ">")
		if !found {
			p.fault(r, "row_escalate_form", "escalate %q is not a word, > and a class", s)
			continue
		}
		es = append(es, Escalation{Word: strings.TrimSpace(word), Class: strings.TrimSpace(class)})
	}
	return es
}

func (p *parser) limits(c *Catalogue) {
	for _, r := range p.read(limitFile, limitColumns) {
		c.Limits = append(c.Limits, Limit{
			Class: r.Get("class"), Item: r.Get("item"), Area: r.Get("area"), Kind: r.Get("kind"),
			Budget: r.Get("budget"), Urgent: p.flag(r, "urgent", "yes"), Source: r.Get("source"),
		})
		p.places.limits = append(p.places.limits, r.Where())
	}
}

func (p *parser) ladders(c *Catalogue) {
	for _, r := range p.read(ladderFile, ladderColumns) {
		c.Rungs = append(c.Rungs, Rung{
			Class: r.Get("class"), Kind: r.Get("kind"), Unit: r.Get("unit"), Urgent: p.flag(r, "urgent", "yes"),
			Rung: r.Get("rung"), At: r.Get("at"), Quiet: r.Get("quiet"), Source: r.Get("source"),
		})
		p.places.rungs = append(p.places.rungs, r.Where())
	}
}

// flag is true where the cell holds the mark, false where it is empty.
func (p *parser) flag(r seedfile.Row, column, mark string) bool {
	switch r.Get(column) {
	case mark:
		return true
	case "":
		return false
	}
	p.fault(r, "row_mark", "%s is %q, want %q or nothing", column, r.Get(column), mark)
	return false
}
