package desk

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"time"

	"liandong/internal/hotline"
	"liandong/internal/store"
	"liandong/internal/triage"
	"liandong/internal/triage/learn"
)

// How much a model learns from and is judged on, the newest first.
const (
	LessonsMost  = 20000 // decisions
	LessonsLeast = 50
	HeldOutMost  = 1000 // blind decisions
	HeldOutLeast = 100
	lessonPage   = 200
)

// luckMost is the greatest chance that a model only seems better at which it
// still may be put to work.
const luckMost = 0.05

// ModelView is a model of triage as people see it.
type ModelView struct {
	Version  string    `json:"version"`
	Base     string    `json:"base,omitempty"` // version that it went on from
	Examples int       `json:"examples"`       // decisions it learned from
	MadeAt   time.Time `json:"made_at,omitzero"`
	By       string    `json:"by,omitempty"`
	Live     bool      `json:"live"`    // at work now
	Shipped  bool      `json:"shipped"` // part of the program
	// Judged is the last comparison with the model that was at work then; nil
	// where there has been none.
	Judged *Comparison `json:"judged,omitempty"`
}

// Models is what there is, and what was at work when.
type Models struct {
	Models []ModelView      `json:"models"` // the newest first, the one that the program ships last
	Uses   []store.ModelUse `json:"uses"`   // the newest first
}

// Live is the model at work.
func (m Models) Live() ModelView {
	return m.Models[slices.IndexFunc(m.Models, func(v ModelView) bool { return v.Live })]
}

// Score is what a model comes to on decisions that people made without having
// seen a proposal.
type Score struct {
	Right  int `json:"right"`  // the class is the one decided
	Top3   int `json:"top3"`   // … or among the first three
	Danger int `json:"danger"` // judged urgent, and alarmed
	Alarms int `json:"alarms"` // not judged urgent, and alarmed
}

// Comparison is a model beside the one at work, on the same blind decisions,
// none of which either learned from.
type Comparison struct {
	At      time.Time `json:"at"`
	Against string    `json:"against"` // version of the other
	N       int       `json:"n"`       // decisions
	Urgent  int       `json:"urgent"`  // of them, judged urgent
	Old     Score     `json:"old"`
	New     Score     `json:"new"`
	Better  int       `json:"better"` // right where the other is wrong
	Worse   int       `json:"worse"`
	// Luck is the chance, 0..1, that two equally good models differ as much for
	// the better (one-sided sign test).
	Luck float64 `json:"luck"`
}

// Reasons why a model may not be put to work.
const (
	TooFew     = "few"    // blind decisions to judge by
	NotBetter  = "worse"  // no more of them right
	MayBeLuck  = "luck"   // the difference is small for so few
	LostDanger = "danger" // less danger found
	MoreAlarms = "alarms" // more false alarms
)

// refusals are the codes of these reasons.
var refusals = map[string]string{
	TooFew: "model_refused_few", NotBetter: "model_refused_worse", MayBeLuck: "model_refused_luck", LostDanger: "model_refused_danger",
	MoreAlarms: "model_refused_alarms",
}

// Refused says why a model may not be put to work; "" where it may.
func (c Comparison) Refused() string {
	switch {
	case c.N < HeldOutLeast:
		return TooFew
	case c.New.Danger < c.Old.Danger:
		return LostDanger
	case c.New.Alarms > c.Old.Alarms:
		return MoreAlarms
	case c.Better <= c.Worse:
		return NotBetter
	case c.Luck > luckMost:
		return MayBeLuck
	}
	return ""
}

// RefreshModel takes up the model that is at work where that is another one
// than so far: somebody published or rolled back, here or in another process.
// It runs again and again.
func (d *Desk) RefreshModel(ctx context.Context) error {
	version, err := d.liveModel(ctx, d.read)
	if err != nil || version == d.force.Load().model.Version {
		return err
	}
	m, err := d.modelOf(ctx, version)
	if err != nil {
		return err
	}
	d.put(d.Catalogue(), m)
	return nil
}

// liveModel is the version that was last put to work, or the one shipped.
func (d *Desk) liveModel(ctx context.Context, read *store.Reader) (string, error) {
	uses, err := modelUses(ctx, read, 1)
	if err != nil || len(uses) == 0 {
		return triage.Shipped().Version, err
	}
	return uses[0].Version, nil
}

// shippedUse stands in the database for the model that the program ships: the
// next program ships another one, and goes on with that.
const shippedUse = ""

// modelUses is what was at work, the newest first.
func modelUses(ctx context.Context, read *store.Reader, most int) ([]store.ModelUse, error) {
	uses, err := read.ModelUses(ctx, most)
	for i := range uses {
		if uses[i].Version == shippedUse {
			uses[i].Version = triage.Shipped().Version
		}
	}
	return uses, err
}

// modelOf reads a model.
func (d *Desk) modelOf(ctx context.Context, version string) (*triage.Model, error) {
	if version == triage.Shipped().Version {
		return triage.Shipped(), nil
	}
	row, err := d.read.Model(ctx, version)
	if err != nil {
		return nil, err
	}
	m, err := triage.ReadModel(row.File)
	if err != nil {
		return nil, fmt.Errorf("model %s in the database: %w", version, err)
	}
	return m, nil
}

// Models lists the models there are.
func (d *Desk) Models(ctx context.Context, a hotline.Actor) (Models, error) {
	var out Models
	if err := a.CheckNode(hotline.SeeOverview); err != nil {
		return out, err
	}
	rows, err := d.read.Models(ctx)
	if err != nil {
		return out, err
	}
	if out.Uses, err = modelUses(ctx, d.read, 20); err != nil {
		return out, err
	}
	live := d.force.Load().model.Version
	for _, r := range rows {
		v, err := viewModel(r)
		if err != nil {
			return out, err
		}
		v.Live = r.Version == live
		out.Models = append(out.Models, v)
	}
	shipped := triage.Shipped().Version
	out.Models = append(out.Models, ModelView{Version: shipped, Shipped: true, Live: shipped == live})
	return out, nil
}

func viewModel(r store.Model) (ModelView, error) {
	v := ModelView{Version: r.Version, Base: r.Base, Examples: r.Examples, MadeAt: r.MadeAt, By: r.ByName}
	if r.Judged == "" {
		return v, nil
	}
	v.Judged = &Comparison{}
	return v, json.Unmarshal([]byte(r.Judged), v.Judged)
}

// TrainModel makes a model that has learned from what people decided in sight
// of a proposal, on top of the one that the program ships, and compares it with
// the one at work. It is put to work by nobody but a person: PublishModel.
// Training always begins at the model shipped, so what was erased since is
// forgotten with it. One training runs at a time.
func (d *Desk) TrainModel(ctx context.Context, a hotline.Actor) (ModelView, error) {
	if err := a.CheckNode(hotline.EditCatalogue); err != nil {
		return ModelView{}, err
	}
	if !d.training.TryLock() {
		return ModelView{}, hotline.Errorf(hotline.Conflict, "model_busy", "")
	}
	defer d.training.Unlock()
	lessons, err := d.lessons(ctx, false, LessonsMost)
	if err != nil {
		return ModelView{}, err
	}
	if len(lessons) < LessonsLeast {
		return ModelView{}, hotline.Errorf(hotline.Conflict, "model_lessons", "", len(lessons), LessonsLeast)
	}
	var examples []learn.Example
	for _, l := range lessons {
		if triage.Column(l.category) >= 0 { // a class that this model knows
			examples = append(examples, learn.Example{Text: l.text, Class: []learn.Share{{Class: l.category, Of: 1}}, Weight: 1, Danger: learn.Unknown})
		}
	}
	base := triage.Shipped()
	row := store.Model{Base: base.Version, Examples: len(examples), MadeAt: d.Now(), ByName: a.Name,
		File: learn.Adapt(base.Weights(), examples, learn.AdaptRecipe).Pack()}
	m, err := triage.ReadModel(row.File)
	if err != nil {
		return ModelView{}, err
	}
	row.Version = m.Version
	c, err := d.compare(ctx, m)
	if err != nil {
		return ModelView{}, err
	}
	if row.Judged, err = judgedOf(c); err != nil {
		return ModelView{}, err
	}
	err = d.st.Write(ctx, func(tx *store.Tx) error {
		if err := tx.AddModel(ctx, row); err != nil {
			return err
		}
		return tx.JudgeModel(ctx, row.Version, row.Judged) // the same training again is judged again
	})
	if err != nil {
		return ModelView{}, err
	}
	return d.model(ctx, a, m.Version)
}

func judgedOf(c Comparison) (string, error) {
	doc, err := json.Marshal(c)
	return string(doc), err
}

// model is one of Models.
func (d *Desk) model(ctx context.Context, a hotline.Actor, version string) (ModelView, error) {
	ms, err := d.Models(ctx, a)
	if err != nil {
		return ModelView{}, err
	}
	if i := slices.IndexFunc(ms.Models, func(v ModelView) bool { return v.Version == version }); i >= 0 {
		return ms.Models[i], nil
	}
	return ModelView{}, hotline.Errorf(hotline.NotFound, "model_not_found", "")
}

// CompareModel compares a model with the one at work, on the blind decisions
// that there are now, and keeps what came of it.
func (d *Desk) CompareModel(ctx context.Context, a hotline.Actor, version string) (ModelView, error) {
	if err := a.CheckNode(hotline.EditCatalogue); err != nil {
		return ModelView{}, err
	}
	v, err := d.model(ctx, a, version)
	if err != nil {
		return v, err
	}
	if v.Live {
		return v, hotline.Errorf(hotline.Conflict, "model_live", "")
	}
	m, err := d.modelOf(ctx, version)
	if err != nil {
		return v, err
	}
	c, err := d.compare(ctx, m)
	if err != nil {
		return v, err
	}
	v.Judged = &c
	if v.Shipped {
		return v, nil // nothing to keep it with
	}
	judged, err := judgedOf(c)
	if err != nil {
		return v, err
	}
	return v, d.st.Write(ctx, func(tx *store.Tx) error { return tx.JudgeModel(ctx, version, judged) })
}

// PublishModel puts a model to work, for a person who says so, where it beats
// the one at work on the blind decisions that there are now. live is the
// version that the person saw at work. What was proposed before stays as it
// was, with the version that proposed it.
func (d *Desk) PublishModel(ctx context.Context, a hotline.Actor, version, live string) (ModelView, error) {
	if live != d.force.Load().model.Version {
		return ModelView{}, hotline.Errorf(hotline.Conflict, "model_changed", "live", d.force.Load().model.Version)
	}
	v, err := d.CompareModel(ctx, a, version)
	if err != nil {
		return v, err
	}
	if why := v.Judged.Refused(); why != "" {
		return v, hotline.Errorf(hotline.Conflict, refusals[why], "", v.Judged.N, HeldOutLeast)
	}
	return d.useModel(ctx, a, version, live)
}

// RollBackModel puts the model to work that was there before the present one
// first was. It needs no figures: whoever sees that something is wrong need not prove it.
func (d *Desk) RollBackModel(ctx context.Context, a hotline.Actor, live string) (ModelView, error) {
	if err := a.CheckNode(hotline.EditCatalogue); err != nil {
		return ModelView{}, err
	}
	if live == triage.Shipped().Version {
		return ModelView{}, hotline.Errorf(hotline.Conflict, "model_nothing_before", "")
	}
	uses, err := modelUses(ctx, d.read, math.MaxInt32)
	if err != nil {
		return ModelView{}, err
	}
	slices.Reverse(uses)
	before := triage.Shipped().Version
	if i := slices.IndexFunc(uses, func(u store.ModelUse) bool { return u.Version == live }); i > 0 {
		before = uses[i-1].Version
	}
	if _, err := d.modelOf(ctx, before); err != nil { // what cannot be read must not be put to work
		return ModelView{}, err
	}
	return d.useModel(ctx, a, before, live)
}

// useModel puts a model to work that has been read.
func (d *Desk) useModel(ctx context.Context, a hotline.Actor, version, live string) (ModelView, error) {
	err := d.st.Write(ctx, func(tx *store.Tx) error {
		now, err := d.liveModel(ctx, &tx.Reader)
		if err != nil {
			return err
		}
		if now != live {
			return hotline.Errorf(hotline.Conflict, "model_changed", "live", now)
		}
		kept := version
		if version == triage.Shipped().Version {
			kept = shippedUse
		}
		return tx.UseModel(ctx, store.ModelUse{ID: hotline.NewID(), Version: kept, At: d.Now(), ByName: a.Name})
	})
	if err != nil {
		return ModelView{}, err
	}
	if err := d.RefreshModel(ctx); err != nil {
		return ModelView{}, err
	}
	return d.model(ctx, a, version)
}

// lesson is a decision with the words that it was about.
type lesson struct{ text, category, urgent string }

// lessons reads decisions with their words, which leave this process in no
// form. A case that was erased has none.
func (d *Desk) lessons(ctx context.Context, blind bool, most int) ([]lesson, error) {
	rows, err := d.read.Lessons(ctx, blind, most)
	if err != nil {
		return nil, err
	}
	out := make([]lesson, 0, len(rows))
	for page := range slices.Chunk(rows, lessonPage) {
		ids := make([]string, len(page))
		for i, j := range page {
			ids[i] = j.CaseID
		}
		privs, err := d.read.PrivateOf(ctx, ids)
		if err != nil {
			return nil, err
		}
		for _, j := range page {
			text, err := d.wordsOf(privs[j.CaseID])
			if err != nil {
				return nil, err
			}
			if text != "" {
				out = append(out, lesson{text, j.Category, j.Urgent})
			}
		}
	}
	return out, nil
}

// compare judges a model and the one at work on the blind decisions.
func (d *Desk) compare(ctx context.Context, m *triage.Model) (Comparison, error) {
	held, err := d.lessons(ctx, true, HeldOutMost)
	if err != nil {
		return Comparison{}, err
	}
	force := d.force.Load()
	old, other := force.judge, d.judge(force.cat, m)
	c := Comparison{At: d.Now(), Against: force.model.Version, N: len(held)}
	for _, l := range held {
		if err := ctx.Err(); err != nil {
			return c, err
		}
		if l.urgent != "" {
			c.Urgent++
		}
		was, is := c.Old.add(old.Propose(l.text), l), c.New.add(other.Propose(l.text), l)
		if is && !was {
			c.Better++
		}
		if was && !is {
			c.Worse++
		}
	}
	c.Luck = luck(c.Better, c.Worse)
	return c, nil
}

func (s *Score) add(p triage.Proposal, l lesson) (right bool) {
	right = p.Category == l.category
	if right {
		s.Right++
	}
	if slices.ContainsFunc(p.Candidates, func(c triage.Candidate) bool { return c.Category == l.category }) {
		s.Top3++
	}
	switch {
	case p.Urgent != "" && l.urgent != "":
		s.Danger++
	case p.Urgent != "":
		s.Alarms++
	}
	return right
}

// luck is the chance that a fair coin shows heads at least better times of
// better + worse.
func luck(better, worse int) float64 {
	n := better + worse
	term := 1.0 // C(n, k) / 2^n, from k = n down
	for range n {
		term /= 2
	}
	sum := 0.0
	for k := n; k >= better; k-- {
		sum += term
		term *= float64(k) / float64(n-k+1)
	}
	return min(1, sum)
}
